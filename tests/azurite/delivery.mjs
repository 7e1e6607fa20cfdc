// What is delivered: whole, unchanged, changed, under odd names, and what is not there.

import { content } from "./account.mjs";
import { blob } from "./site.mjs";

export async function checkDelivery(site, results) {
  const { account, line } = site;
  const path = "/devices/firmware.bin";
  const first = content(300_000);
  await account.put(path, first);
  const device = site.device({ firmware: blob("firmware.bin") });
  await results.check("a blob is delivered with one request", async () => {
    account.forget();
    const ended = await device.ends(0);
    return ended !== true ? ended : device.has("firmware", first) && account.saw(path, 200);
  });
  await results.check("an unchanged blob takes one request and moves nothing", async () => {
    account.forget();
    line.passed = 0;
    const ended = await device.ends(0);
    if (ended !== true || !device.has("firmware", first) || line.passed > 20_000) {
      return { ended, passed: line.passed };
    }
    return account.saw(path, 304);
  });
  const second = content(200_000);
  await results.check("a changed blob is delivered", async () => {
    await account.put(path, second);
    account.forget();
    const ended = await device.ends(0);
    return ended !== true ? ended : device.has("firmware", second) && account.saw(path, 200);
  });
  await results.check("a blob uploaded in blocks has no MD5 and is delivered", async () => {
    const blocks = [content(70_000), content(80_000)];
    await account.putBlocks("/devices/blocks", blocks);
    if ((await account.header("/devices/blocks", "content-md5")) !== undefined) {
      return "the account has an MD5 of it";
    }
    const other = site.device({ blocks: blob("blocks") });
    const ended = await other.ends(0);
    return ended !== true ? ended : other.has("blocks", Buffer.concat(blocks));
  });
  await results.check("a blob without a byte is delivered", async () => {
    await account.put("/devices/empty", "");
    const other = site.device({ empty: blob("empty") });
    const ended = await other.ends(0);
    return ended !== true ? ended : other.has("empty", "");
  });
  await results.check("names with blanks, signs and slashes are those of the account", async () => {
    const name = "edge/Größe 7+1%&#?.bin";
    const encoded = name.split("/").map(encodeURIComponent).join("/");
    await account.put(`/devices/${encoded}`, "odd");
    const other = site.device({ odd: blob(name) });
    const ended = await other.ends(0);
    return ended !== true ? ended : other.has("odd", "odd");
  });
  await checkMissing(site, results, device, second);
  await results.check("a token for something else is refused with its next step", async () => {
    const other = site.device({ firmware: blob("firmware.bin") });
    const { login_host: login, vault_host: vault } = site.facts;
    const suffix = vault.split(".").slice(1).join(".");
    other.configure({ firmware: blob("firmware.bin") }, {
      authority: `https://${login}`,
      vault_suffix: suffix,
      storage_suffix: "core.usgovcloudapi.net",
      storage_audience: `https://${suffix}`,
    });
    const ended = await other.ends(77, "refused the token", "AuthenticationFailed", "next:");
    return ended !== true ? ended : other.lacks("firmware");
  });
}

async function checkMissing(site, results, device, delivered) {
  const { account } = site;
  await results.check("a blob that never was is missing", async () => {
    const other = site.device({ none: blob("none") });
    const ended = await other.ends(66, "has no blob devices/none (BlobNotFound)");
    return ended !== true ? ended : account.saw("/devices/none", 404);
  });
  await results.check("a container that never was is told as such", () => {
    const nowhere = { account: "factory7", container: "nowhere", name: "none" };
    return site.device({ none: { blob: nowhere } }).ends(66, "(ContainerNotFound)");
  });
  await results.check("a blob that goes is believed at the second time, and stays", async () => {
    await account.delete("/devices/firmware.bin");
    const once = await device.ends(75, "once is not enough to believe it");
    const twice = once !== true ? once : await device.ends(66, "(BlobNotFound)");
    return twice !== true ? twice : device.has("firmware", delivered);
  });
}
