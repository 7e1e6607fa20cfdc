// The person with the second device: goes through the provider's own pages, as in a browser.

/** Enters the code, signs in and agrees. */
export async function approve(site, userCode) {
  const browser = new Browser(site);
  await browser.enter(userCode, { confirm: "yes" });
  await browser.submit({ prompt: "login", login: "worker@plant7.example", password: "any" });
  await browser.submit({ prompt: "consent" });
  return browser.page;
}

/** Enters the code and says no. */
export async function deny(site, userCode) {
  const browser = new Browser(site);
  await browser.enter(userCode, { abort: "yes" });
  return browser.page;
}

/** Keeps cookies and follows redirects, within one host. */
class Browser {
  #cookies = new Map();

  constructor(site) {
    this.site = site;
  }

  async enter(userCode, decision) {
    await this.#go(`${this.site.authority.base}/device`);
    await this.submit({ user_code: userCode });
    await this.submit({ user_code: userCode, ...decision });
  }

  /** Sends the form of the page, with these fields in it. */
  async submit(fields) {
    const action = this.page.match(/<form[^>]* action="([^"]+)"/)?.[1];
    if (!action) {
      throw new Error(`a page without a form: ${this.page}`);
    }
    const secret = this.page.match(/name="xsrf" value="([^"]+)"/)?.[1];
    const form = { ...(secret ? { xsrf: secret } : {}), ...fields };
    await this.#go(action, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
  }

  async #go(address, options = {}) {
    const { issuer } = this.site.authority;
    const { host, pathname, search } = new URL(address, issuer);
    if (host !== new URL(issuer).host) {
      throw new Error(`led to ${host}`);
    }
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const headers = { accept: "text/html", cookie, ...options.headers };
    const response = await this.site.fetch(pathname + search, { ...options, headers });
    for (const line of response.headers["set-cookie"] ?? []) {
      const [name, value] = line.split(";")[0].split(/=(.*)/s);
      this.#cookies.set(name, value);
    }
    this.page = response.text;
    if ([301, 302, 303].includes(response.status)) {
      await this.#go(response.headers.location);
    }
  }
}
