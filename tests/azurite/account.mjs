// A storage account of the emulator: what is put there, and what it was asked for.

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as send } from "node:https";
import { join } from "node:path";

export const HOST = "factory7.blob.core.usgovcloudapi.net";

export class Account {
  /** Lines of its access log: `GET /c/b 206`. */
  log = [];

  constructor(directory) {
    this.directory = directory;
    this.ca = readFileSync(join(directory, "ca.pem"));
  }

  /** Starts the emulator on a free port. */
  async start(script) {
    const file = (name) => join(this.directory, name);
    const options = ["--blobPort", "0", "--oauth", "basic", "--disableTelemetry"];
    options.push("--cert", file("server.pem"), "--key", file("server.key"), "--inMemoryPersistence");
    this.process = spawn(process.execPath, [script, ...options], {
      cwd: this.directory,
      env: { AZURITE_ACCOUNTS: `factory7:${randomBytes(64).toString("base64")}` },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.port = await new Promise((resolve, reject) => {
      let text = "";
      this.process.on("exit", () => reject(new Error(`no emulator: ${text}`)));
      this.process.stdout.on("data", (chunk) => {
        text += chunk;
        const started = /listens on https:\/\/127\.0\.0\.1:(\d+)/.exec(text);
        if (started) {
          resolve(Number(started[1]));
        }
        const lines = text.split("\n");
        text = lines.pop();
        for (const line of lines) {
          const entry = /"([A-Z]+) (\S+) HTTP\/1.1" (\d+|-)/.exec(line);
          if (entry) {
            this.log.push(entry.slice(1).join(" "));
          }
        }
      });
    });
    return this;
  }

  stop() {
    this.process.removeAllListeners("exit");
    this.process.kill();
  }

  async addContainer(name) {
    await this.#write(`/${name}?restype=container`, {}, "");
  }

  /** Puts a blob there in one piece, of which the account stores the MD5. */
  async put(path, bytes) {
    await this.#write(path, { "x-ms-blob-type": "BlockBlob" }, bytes);
  }

  /** Puts a blob there in blocks: without an MD5, or with one that nobody checks. */
  async putBlocks(path, blocks, md5) {
    const ids = blocks.map((_, index) => Buffer.from(`block ${index}`).toString("base64"));
    for (const [index, block] of blocks.entries()) {
      const id = encodeURIComponent(ids[index]);
      await this.#write(`${path}?comp=block&blockid=${id}`, {}, block);
    }
    const list = ids.map((id) => `<Latest>${id}</Latest>`).join("");
    const headers = md5 === undefined ? {} : { "x-ms-blob-content-md5": md5 };
    const xml = `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`;
    await this.#write(`${path}?comp=blocklist`, headers, xml);
  }

  async delete(path) {
    const { status } = await this.#send("DELETE", path, {}, "");
    if (status !== 202) {
      throw new Error(`DELETE ${path}: ${status}`);
    }
  }

  /** The value of a header that the account sends with a blob. */
  async header(path, name) {
    return (await this.#send("HEAD", path, {}, "")).headers[name];
  }

  /** Forgets what it was asked for. */
  forget() {
    this.log = [];
  }

  /**
   * The statuses of the reads of `path` since then: true if they are those that are wanted. The
   * emulator writes its log a moment after it answered.
   */
  async saw(path, ...wanted) {
    const statuses = () =>
      this.log.filter((line) => line.startsWith(`GET ${path} `)).map((line) => line.split(" ")[2]);
    const end = Date.now() + 5000;
    while (statuses().length < wanted.length && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const saw = statuses().map(Number);
    return JSON.stringify(saw) === JSON.stringify(wanted) || { path, wanted, saw };
  }

  async #write(path, headers, body) {
    const { status, text } = await this.#send("PUT", path, headers, body);
    if (status !== 201) {
      throw new Error(`PUT ${path}: ${status} ${text}`);
    }
  }

  #send(method, path, headers, body) {
    const options = {
      host: "127.0.0.1",
      port: this.port,
      servername: HOST,
      ca: this.ca,
      method,
      path,
      headers: {
        host: HOST,
        authorization: `Bearer ${this.token}`,
        "x-ms-version": "2019-02-02",
        "content-length": Buffer.byteLength(body),
        ...headers,
      },
    };
    return exchange(options, body);
  }
}

/** One request; its status, headers and text. */
export function exchange(options, body) {
  return new Promise((resolve, reject) => {
    const request = send(options, async (response) => {
      const chunks = [];
      for await (const chunk of response) {
        chunks.push(chunk);
      }
      const { statusCode: status, headers } = response;
      resolve({ status, headers, text: Buffer.concat(chunks).toString() });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Bytes that no compression and no accident makes again. */
export function content(length) {
  return randomBytes(length);
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
