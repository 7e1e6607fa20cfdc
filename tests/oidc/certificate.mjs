// The sign-in with a certificate, at Entra's paths (PS256) and at those of AD FS (RS256).
//
// First what the program sends must be accepted; then the same assertion, changed in one thing or
// shown at another time, must not be: else the provider's acceptance would say nothing.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ADFS, Authority, ENTRA, certificateClient } from "./authority.mjs";
import { atClock } from "./clock.mjs";
import { Site } from "./site.mjs";

export const checkCertificate = (...context) => check(ENTRA, "certificate", ...context);
export const checkAdfs = (...context) => check(ADFS, "adfs", ...context);

async function check(kind, section, program, directory, results) {
  const tenant = randomUUID();
  const [good, other] = [randomUUID(), randomUUID()];
  const pem = readFileSync(join(directory, "device.crt"));
  const otherAlgorithm = kind === ADFS ? "PS256" : "RS256";
  const clients = [
    certificateClient(good, pem, kind.algorithm),
    certificateClient(other, pem, otherAlgorithm),
  ];
  const authority = new Authority(kind, tenant, clients);
  const site = await new Site(program, directory, authority).start();
  const claim = (text) => `${section}: ${text}`;
  const identity = (changes) => ({
    type: "certificate",
    tenant: kind === ADFS ? "adfs" : tenant,
    client_id: good,
    certificate: join(directory, "device.pem"),
    ...changes,
  });

  await results.check(claim(`${kind.algorithm} is accepted and the secret delivered`), () =>
    delivers(site, identity()),
  );
  await results.check(claim("with the chain as well"), () =>
    delivers(site, identity({ send_chain: true })),
  );
  await results.check(claim("the form is the one of this authority"), () => formProblems(site, good));
  await results.check(claim("each sign-in has an assertion of its own"), () => {
    const ids = authority.exchanges.map(({ form }) => claims(form).jti);
    return (ids.length === 2 && ids[0] !== ids[1]) || ids;
  });
  const stranger = join(directory, "stranger.pem");
  const refused = [
    ["a certificate that is not registered", { certificate: stranger }, "signature"],
    ["an application that does not exist", { client_id: randomUUID() }, "client not found"],
    [`an application that signs with ${otherAlgorithm}`, { client_id: other }, "alg mismatch"],
  ];
  for (const [text, changes, reason] of refused) {
    await results.check(claim(`${text} is refused`), () => refuses(site, identity(changes), reason));
  }
  await checkHeld(site, identity(), claim, results);
  // The same application in another tenant, whose provider has another name.
  const elsewhere = new Authority(ENTRA, randomUUID(), clients);
  await checkElsewhere(site, elsewhere, identity(), claim, results);
  site.stop();
}

async function delivers(site, identity) {
  const device = site.device(identity);
  const { code, output } = await device.run();
  const { authority } = site;
  const last = authority.exchanges.at(-1);
  const secrets = last ? [last.form.client_assertion, ...last.tokens] : [];
  const leaked = secrets.some((text) => output.includes(text));
  return (
    (code === 0 && device.hasSecret() && !leaked && authority.refusals.length === 0) ||
    { code, output, leaked, refusals: authority.refusals.splice(0) }
  );
}

async function refuses(site, identity, reason) {
  const { authority } = site;
  authority.refusals.length = 0;
  const { code, output } = await site.device(identity).run();
  const refusals = authority.refusals.splice(0);
  const told = refusals.length > 0 && refusals.every((text) => text.includes(reason));
  return (code === 77 && told) || { code, output, refusals };
}

/** Which members the form has, and what the assertion's header says of the key. */
function formProblems(site, client) {
  const { authority } = site;
  const { form } = authority.exchanges[0];
  const adfs = authority.kind === ADFS;
  const { audience } = authority;
  const wanted = {
    grant_type: "client_credentials",
    client_id: client,
    ...(adfs ? { resource: audience } : { scope: `${audience}/.default` }),
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  };
  const wrong = Object.keys(wanted).filter((name) => form[name] !== wanted[name]);
  const extra = Object.keys(form).filter((name) => !(name in wanted) && name !== "client_assertion");
  const header = part(form.client_assertion, 0);
  const thumbprint = adfs ? "x5t" : "x5t#S256";
  const headers = Object.keys(header).sort().join() === ["alg", "typ", thumbprint].sort().join();
  return (wrong.length === 0 && extra.length === 0 && headers) || { wrong, extra, header };
}

/** An assertion that the program signed and the provider has not seen yet, changed and moved. */
async function checkHeld(site, identity, claim, results) {
  const { authority } = site;
  authority.holding = true;
  const { code } = await site.device(identity).run();
  authority.holding = false;
  const { form } = authority.exchanges.at(-1);
  const assertion = form.client_assertion;
  const { nbf, exp } = claims(form);
  await results.check(claim("a refusal by the authority ends with 77"), () => code === 77 || code);

  const post = async (changes = {}) => {
    authority.refusals.length = 0;
    const reply = await site.post(authority.tokenPath, { ...form, ...changes });
    return { status: reply.status, reasons: authority.refusals.splice(0), text: reply.text };
  };
  const refused = (text, reason, attempt) =>
    results.check(claim(text), async () => {
      const { status, reasons, text } = await attempt();
      const told = reasons.length === 1 && reasons[0].includes(reason);
      return (status === 401 && told) || { status, reasons, text };
    });
  const changed = (index, change) => {
    const parts = assertion.split(".");
    parts[index] = change(parts[index]);
    return post({ client_assertion: parts.join(".") });
  };

  await refused("a changed claim is refused", "signature", () =>
    changed(1, (text) => encode({ ...decode(text), exp: exp + 1 })),
  );
  await refused("a changed signature is refused", "signature", () =>
    changed(2, (text) => (text[9] === "A" ? "B" : "A") + text.slice(1, 9) + text.slice(9)),
  );
  await refused("no signature is refused", "alg mismatch", () =>
    changed(0, (text) => encode({ ...decode(text), alg: "none" })),
  );
  await refused("after its end it is refused", "expired", () => atClock(exp + 60, () => post()));
  await refused("before its begin it is refused", "not active", () => atClock(nbf - 60, () => post()));
  await results.check(claim("untouched and in time it is accepted"), async () => {
    const { status, text } = await post();
    return status === 200 || text;
  });
  await refused("the same a second time is refused", "once", () => post());
  await results.check(
    claim("it lasts ten minutes at the most"),
    () => exp - nbf <= 600 || { nbf, exp },
  );
}

/** An assertion for one authority is worth nothing at another. */
async function checkElsewhere(site, elsewhere, identity, claim, results) {
  const { authority } = site;
  authority.holding = true;
  await site.device(identity).run();
  authority.holding = false;
  const { form } = authority.exchanges.at(-1);
  const other = await new Site(site.program, site.directory, elsewhere).start();
  await results.check(claim("at another tenant it is refused"), async () => {
    const { status, text } = await other.post(elsewhere.tokenPath, form);
    const reasons = elsewhere.refusals;
    const told = reasons.length === 1 && reasons[0].includes("audience");
    return (status === 401 && told) || { status, text, reasons };
  });
  await results.check(claim("where it belongs it is accepted"), async () => {
    const { status, text } = await site.post(authority.tokenPath, form);
    return status === 200 || text;
  });
  other.stop();
}

function claims(form) {
  return part(form.client_assertion, 1);
}

function part(assertion, index) {
  return decode(assertion.split(".")[index]);
}

function decode(text) {
  return JSON.parse(Buffer.from(text, "base64url").toString());
}

function encode(json) {
  return Buffer.from(JSON.stringify(json)).toString("base64url");
}
