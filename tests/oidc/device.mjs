// The sign-in of a person by device code: shown, polled for, approved, declined, left to expire.

import { randomUUID } from "node:crypto";

import { Authority, ENTRA, deviceClient } from "./authority.mjs";
import { atClock } from "./clock.mjs";
import { approve, deny } from "./person.mjs";
import { Site } from "./site.mjs";

export async function checkDevice(program, directory, results) {
  const tenant = randomUUID();
  const client = randomUUID();
  const authority = new Authority(ENTRA, tenant, [deviceClient(client)]);
  const site = await new Site(program, directory, authority).start();
  const identity = { type: "device_code", tenant, client_id: client };
  const claim = (text) => `device: ${text}`;

  await results.check(claim("without --sign-in nobody is asked"), async () => {
    const { code, output } = await site.device(identity).run();
    return (code !== 0 && authority.deviceCodes.length === 0) || { code, output };
  });
  await results.check(claim("an approved code delivers the secret"), async () => {
    const device = site.device(identity);
    const { run, shown } = await askedFor(site, device);
    const page = await approve(site, shown.user_code);
    const code = await run.ended;
    return (
      (code === 0 && device.hasSecret() && !leaks(run, shown, authority)) ||
      { code, output: run.output, page, refusals: authority.refusals }
    );
  });
  await results.check(claim("the polls are those of RFC 8628"), () => pollProblems(authority, client));
  await results.check(claim("a declined code ends with 77"), async () => {
    const device = site.device(identity);
    const { run, shown } = await askedFor(site, device);
    const page = await deny(site, shown.user_code);
    const code = await run.ended;
    return (code === 77 && !leaks(run, shown, authority)) || { code, output: run.output, page };
  });
  await results.check(claim("a code that nobody enters expires, and the run ends"), async () => {
    const device = site.device(identity);
    const { run, shown } = await askedFor(site, device);
    const polls = authority.exchanges.length;
    const code = await atClock(Date.now() / 1000 + shown.expires_in + 60, () => run.ended);
    const last = authority.exchanges.at(-1);
    return (
      (code !== 0 && authority.exchanges.length > polls && last.error === "expired_token") ||
      { code, output: run.output, last }
    );
  });
  site.stop();
}

/** Starts a run and waits until it has shown the code and polled once. */
async function askedFor(site, device) {
  const { authority } = site;
  const [codes, polls] = [authority.deviceCodes.length, authority.exchanges.length];
  const run = device.start("--sign-in");
  let running = true;
  run.ended.then(() => (running = false));
  while (authority.deviceCodes.length === codes || authority.exchanges.length === polls) {
    if (!running) {
      throw new Error(`ended before it asked: ${run.output}`);
    }
    await new Promise(setImmediate);
  }
  const shown = authority.deviceCodes.at(-1);
  await run.says(shown.user_code, shown.verification_uri);
  return { run, shown };
}

/** The device code is a credential, and so are the tokens: none belongs into the output. */
function leaks(run, shown, authority) {
  const tokens = authority.exchanges.flatMap((exchange) => exchange.tokens ?? []);
  return [shown.device_code, ...tokens].some((text) => run.output.includes(text));
}

function pollProblems(authority, client) {
  const grant = "urn:ietf:params:oauth:grant-type:device_code";
  const [first] = authority.deviceCodes;
  const polls = authority.exchanges.filter(({ form }) => form.device_code === first.device_code);
  const wrong = polls.filter(({ form }) => form.grant_type !== grant || form.client_id !== client);
  const statuses = polls.map(({ status, error }) => error ?? status);
  const last = statuses.pop();
  const pending = statuses.length > 0 && statuses.every((status) => status === "authorization_pending");
  return (wrong.length === 0 && pending && last === 200) || { wrong, statuses, last };
}
