// One site: the authority, the account, the line between, and the devices.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Account, exchange, HOST } from "./account.mjs";
import { Line } from "./line.mjs";

export class Site {
  constructor(program, directory) {
    Object.assign(this, { program, directory });
  }

  async start(cloud, azurite) {
    this.account = await new Account(this.directory).start(azurite);
    this.line = await new Line(this.account.port).start();
    await this.#startCloud(cloud);
    const bundle = ["ca.pem", "cloud/ca.pem"].map((name) => this.#read(name)).join("\n");
    writeFileSync(join(this.directory, "bundle.pem"), bundle);
    writeFileSync(join(this.directory, "secret"), this.facts.secret_app.client_secret);
    this.account.token = await this.#token();
    await this.account.addContainer("devices");
    return this;
  }

  stop() {
    this.account?.stop();
    this.line?.stop();
    this.cloud?.stdin.end();
  }

  /** A device that never ran before, with these files in its one set. */
  device(files, network = {}) {
    return new Device(this, files, network);
  }

  #read(name) {
    return readFileSync(join(this.directory, name), "utf8");
  }

  /** It serves until its standard input ends. */
  async #startCloud(cloud) {
    const directory = join(this.directory, "cloud");
    const options = ["--directory", directory, "--national", "usgov", "--address", "127.0.0.1:0"];
    this.cloud = spawn(cloud, options, { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve, reject) => {
      this.cloud.on("exit", () => reject(new Error("no cloud")));
      this.cloud.stdout.once("data", resolve);
    });
    this.facts = JSON.parse(this.#read("cloud/cloud.json"));
  }

  /** A token for whoever uploads. */
  async #token() {
    const [host, port] = this.facts.address.split(":");
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      ...this.facts.secret_app,
      scope: "https://storage.azure.com/.default",
    });
    const options = {
      host,
      port,
      servername: this.facts.login_host,
      ca: this.#read("cloud/ca.pem"),
      method: "POST",
      path: `/${this.facts.tenant}/oauth2/v2.0/token`,
      headers: {
        host: this.facts.login_host,
        "content-type": "application/x-www-form-urlencoded",
      },
    };
    const { text } = await exchange(options, form.toString());
    return JSON.parse(text).access_token;
  }
}

/** One device: its configuration, its directories, its runs. */
class Device {
  constructor(site, files, network) {
    Object.assign(this, { site, network });
    this.home = mkdtempSync(join(site.directory, "device-"));
    mkdirSync(join(this.home, "etc"));
    this.config = join(this.home, "etc", "config.json");
    this.configure(files);
  }

  configure(files, cloud = "usgov") {
    const { facts, directory, line } = this.site;
    const config = {
      cloud,
      identity: {
        type: "client_secret",
        tenant: facts.tenant,
        client_id: facts.secret_app.client_id,
        client_secret: { file: join(directory, "secret") },
      },
      sets: { edge: { directory: join(this.home, "edge"), files } },
      runtime_directory: join(this.home, "run"),
      state_directory: join(this.home, "state"),
      network: {
        ca_file: join(directory, "bundle.pem"),
        resolve: { [facts.login_host]: facts.address, [HOST]: `127.0.0.1:${line.port}` },
        ...this.network,
      },
    };
    writeFileSync(this.config, JSON.stringify(config));
  }

  /** A whole run. */
  run() {
    const child = spawn(this.site.program, ["sync", "--config", this.config], {
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => (output += text));
    }
    return new Promise((resolve) =>
      child.on("close", (code, signal) => resolve({ code: code ?? signal, output })),
    );
  }

  /** A run: true if it ends with `code` and says all of these. */
  async ends(code, ...texts) {
    const run = await this.run();
    return (run.code === code && texts.every((text) => run.output.includes(text))) || run;
  }

  /** Whether a file was delivered with these bytes. */
  has(name, bytes) {
    const path = join(this.home, "edge", name);
    return existsSync(path) && readFileSync(path).equals(Buffer.from(bytes));
  }

  /** Whether there is no such file. */
  lacks(name) {
    return !existsSync(join(this.home, "edge", name));
  }
}

/** A file of the container `devices`. */
export function blob(name, more = {}) {
  return { blob: { account: "factory7", container: "devices", name }, ...more };
}
