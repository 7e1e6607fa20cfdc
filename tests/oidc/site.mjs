// One site: the authority, a vault that takes its tokens, and the program as the device runs it.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request as send } from "node:https";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";

import { ADFS, reply } from "./authority.mjs";

export const SECRET = "correct horse battery staple";

export class Site {
  /** What the vault was asked for, and whether the token was good. */
  reads = [];

  constructor(program, directory, authority) {
    Object.assign(this, { program, directory, authority });
    this.vaultHost = `factory7-edge.${authority.kind.vaultSuffix}`;
    this.ca = readFileSync(join(directory, "ca.pem"));
  }

  /** Starts the server on a free port. */
  async start() {
    const options = {
      key: readFileSync(join(this.directory, "server.key")),
      cert: readFileSync(join(this.directory, "server.pem")),
    };
    this.server = createServer(options, async (request, response) => {
      const chunks = [];
      for await (const chunk of request) {
        chunks.push(chunk);
      }
      const host = request.headers.host;
      if (host === this.authority.kind.host) {
        await this.authority.answer(request, response, Buffer.concat(chunks));
      } else if (host === this.vaultHost) {
        await this.#vault(request, response);
      } else {
        reply(response, 421, { error: "misdirected" });
      }
    });
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** A vault with one secret: it gives it out for a token that the provider's keys verify. */
  async #vault(request, response) {
    const path = request.url.split("?")[0];
    const token = request.headers.authorization?.replace(/^Bearer /, "");
    const problem = await this.#badToken(token);
    this.reads.push({ path, problem });
    if (problem) {
      const { issuer, audience } = this.authority;
      const challenge = `Bearer authorization="${issuer}", resource="${audience}"`;
      response.setHeader("www-authenticate", challenge);
      const error = { code: "Unauthorized", message: `AKV10000: ${problem}` };
      return reply(response, 401, { error });
    }
    if (!/^\/secrets\/mqtt-password\/?$/.test(path)) {
      return reply(response, 404, { error: { code: "SecretNotFound", message: path } });
    }
    return reply(response, 200, {
      value: SECRET,
      id: `https://${this.vaultHost}/secrets/mqtt-password/${"0".repeat(31)}1`,
      attributes: { enabled: true, created: 1, updated: 1, recoveryLevel: "Purgeable" },
    });
  }

  async #badToken(token) {
    if (!token) {
      return "no token";
    }
    const { issuer, audience } = this.authority;
    try {
      const published = await this.fetch(`${new URL(issuer).pathname}/jwks`);
      const keys = createLocalJWKSet(published.json());
      await jwtVerify(token, keys, { issuer, audience, typ: "at+jwt" });
      return undefined;
    } catch (error) {
      return error.message;
    }
  }

  /** Asks the authority, as a browser or another client would. */
  fetch(path, { method = "GET", headers = {}, body } = {}) {
    const options = {
      host: "127.0.0.1",
      port: this.port,
      servername: this.authority.kind.host,
      ca: this.ca,
      method,
      path,
      headers: { host: this.authority.kind.host, ...headers },
    };
    return new Promise((resolve, reject) => {
      const request = send(options, async (response) => {
        const chunks = [];
        for await (const chunk of response) {
          chunks.push(chunk);
        }
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status, headers } = response;
        resolve({ status, headers, text, json: () => JSON.parse(text) });
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  post(path, form, headers = {}) {
    return this.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(form).toString(),
    });
  }

  /** A device that never ran before, with this identity. */
  device(identity) {
    return new Device(this, identity);
  }
}

/** One device: its configuration, its directories, its runs. */
class Device {
  constructor(site, identity) {
    this.site = site;
    const home = mkdtempSync(join(site.directory, "device-"));
    mkdirSync(join(home, "etc"));
    this.config = join(home, "etc", "config.json");
    this.delivered = join(home, "run", "sets", "mqtt", "password");
    const { kind } = site.authority;
    const adfs = { authority: `https://${kind.host}/adfs`, vault_suffix: kind.vaultSuffix };
    const config = {
      cloud: kind === ADFS ? adfs : "usgov",
      identity,
      vault: "factory7-edge",
      sets: { mqtt: { files: { password: { secret: "mqtt-password" } } } },
      runtime_directory: join(home, "run"),
      state_directory: join(home, "state"),
      network: {
        ca_file: join(site.directory, "ca.pem"),
        resolve: {
          [kind.host]: `127.0.0.1:${site.port}`,
          [site.vaultHost]: `127.0.0.1:${site.port}`,
        },
      },
    };
    writeFileSync(this.config, JSON.stringify(config));
  }

  /** Starts a run; `output` grows, `ended` gives the exit code. */
  start(...options) {
    const child = spawn(this.site.program, ["sync", "--config", this.config, ...options], {
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });
    const run = { output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        run.output += text;
        child.emit("said");
      });
    }
    run.ended = new Promise((resolve) =>
      child.on("close", (code, signal) => resolve(code ?? signal)),
    );
    /** Waits until the output holds all of these. */
    run.says = (...texts) =>
      new Promise((resolve, reject) => {
        const look = () => texts.every((text) => run.output.includes(text)) && resolve();
        child.on("said", look);
        child.on("close", () => reject(new Error(`ended without ${texts}: ${run.output}`)));
        look();
      });
    return run;
  }

  /** A whole run. */
  async run(...options) {
    const run = this.start(...options);
    const code = await run.ended;
    return { code, output: run.output };
  }

  /** Whether a run delivered the secret. */
  hasSecret() {
    return readFileSync(this.delivered, "utf8") === SECRET;
  }
}
