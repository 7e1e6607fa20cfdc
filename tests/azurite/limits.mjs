// What a blob must be: of its size, of its digests.

import { content, sha256 } from "./account.mjs";
import { blob } from "./site.mjs";

export async function checkLimits(site, results) {
  const { account, line } = site;
  const path = "/devices/pinned";
  const bytes = content(1_500_000);
  await account.put(path, bytes);
  const pinned = blob("pinned", { sha256: sha256(bytes) });
  const device = site.device({ pinned });
  await results.check("a blob with the pinned SHA-256 is delivered", async () => {
    const ended = await device.ends(0);
    return ended !== true ? ended : device.has("pinned", bytes);
  });
  await results.check("and not asked for again, whatever the account has by now", async () => {
    await account.put(path, content(1_500_000));
    account.forget();
    const ended = await device.ends(0, "0 requests");
    return ended !== true ? ended : device.has("pinned", bytes) && account.saw(path);
  });
  await results.check("one with another is not delivered, even after a cut", async () => {
    device.configure({ pinned: blob("pinned", { sha256: sha256(content(1)) }) });
    line.cut([500_000]);
    const ended = await device.ends(65, "SHA-256", "next:");
    return ended !== true ? ended : device.has("pinned", bytes);
  });
  await results.check("one that is larger than it may be is refused", async () => {
    const small = site.device({ small: blob("pinned", { max_bytes: 1_000_000 }) });
    const ended = await small.ends(65, "1500000 bytes, more than the 1000000 it may have");
    return ended !== true ? ended : small.lacks("small");
  });
  await results.check("one whose bytes are not those of its Content-MD5 is thrown away", async () => {
    const wrong = Buffer.alloc(16, 7).toString("base64");
    await account.putBlocks("/devices/damaged", [bytes], wrong);
    if ((await account.header("/devices/damaged", "content-md5")) !== wrong) {
      return "the account did not keep the MD5";
    }
    const damaged = site.device({ damaged: blob("damaged") });
    const ended = await damaged.ends(65, "Content-MD5", "next:");
    return ended !== true ? ended : damaged.lacks("damaged");
  });
}
