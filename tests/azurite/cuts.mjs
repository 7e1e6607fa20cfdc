// What becomes of a transfer that is cut: in one run, over several, and of a blob that is replaced
// meanwhile.

import { content } from "./account.mjs";
import { blob } from "./site.mjs";

const LENGTH = 3_000_000;
const MEGABYTE = 1_000_000;

export async function checkCuts(site, results) {
  await checkOneRun(site, results);
  await checkSeveralRuns(site, results);
  await checkReplaced(site, results);
}

async function checkOneRun(site, results) {
  const { account, line } = site;
  const path = "/devices/cut.bin";
  const bytes = content(LENGTH);
  await account.put(path, bytes);
  await results.check("a transfer goes on where its connection was killed", async () => {
    const device = site.device({ cut: blob("cut.bin") });
    account.forget();
    line.passed = 0;
    line.cut([MEGABYTE, MEGABYTE]);
    const ended = await device.ends(0);
    if (ended !== true || !device.has("cut", bytes) || line.passed > LENGTH * 1.1) {
      return { ended, passed: line.passed };
    }
    return account.saw(path, 200, 206, 206);
  });
  await results.check("so does one without an MD5 whose connection was reset", async () => {
    await account.putBlocks("/devices/parts", [bytes]);
    const device = site.device({ parts: blob("parts") });
    account.forget();
    line.reset(MEGABYTE);
    const ended = await device.ends(0);
    return ended !== true
      ? ended
      : device.has("parts", bytes) && account.saw("/devices/parts", 200, 206);
  });
}

async function checkSeveralRuns(site, results) {
  const { account, line } = site;
  const path = "/devices/later.bin";
  const [bytes, newer] = [content(LENGTH), content(LENGTH)];
  await account.put(path, bytes);
  const device = site.device({ later: blob("later.bin") });
  await results.check("a line that stays cut ends the run, and nothing is delivered", async () => {
    account.forget();
    line.cut([MEGABYTE, 0, 0, 0, 0, 0]);
    const ended = await device.ends(69, "next:");
    line.mend();
    return ended !== true ? ended : device.lacks("later") && account.saw(path, 200);
  });
  await results.check("the next run fetches what is missing and nothing else", async () => {
    account.forget();
    line.passed = 0;
    const ended = await device.ends(0);
    if (ended !== true || !device.has("later", bytes) || line.passed > LENGTH - MEGABYTE / 2) {
      return { ended, passed: line.passed };
    }
    return account.saw(path, 206);
  });
  await results.check("a version that was begun is dropped when there is a newer one", async () => {
    await account.put(path, content(LENGTH));
    line.cut([MEGABYTE, 0, 0, 0, 0, 0]);
    const cut = await device.ends(75);
    line.mend();
    if (cut !== true || !device.has("later", bytes)) {
      return cut;
    }
    await account.put(path, newer);
    account.forget();
    const ended = await device.ends(0);
    return ended !== true ? ended : device.has("later", newer) && account.saw(path, 412, 200);
  });
  await results.check("and then nothing is left to fetch", async () => {
    account.forget();
    const ended = await device.ends(0);
    return ended !== true ? ended : account.saw(path, 304);
  });
}

async function checkReplaced(site, results) {
  const { account, line } = site;
  const path = "/devices/replaced.bin";
  const [older, newer] = [content(LENGTH), content(LENGTH)];
  await account.put(path, older);
  const device = site.device({ replaced: blob("replaced.bin") });
  await results.check("a blob that is replaced on the way is not put together", async () => {
    account.forget();
    line.cut([MEGABYTE], () => account.put(path, newer));
    const ended = await device.ends(69, "changed while it was fetched");
    return ended !== true ? ended : device.lacks("replaced") && account.saw(path, 200, 412);
  });
  await results.check("the next run delivers the new one", async () => {
    const ended = await device.ends(0);
    return ended !== true ? ended : device.has("replaced", newer);
  });
}
