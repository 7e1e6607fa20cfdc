// The line between a device and the account: it passes bytes on, counts them, and can be cut.

import { connect, createServer } from "node:net";

export class Line {
  /** Bytes from the account that were passed on. */
  passed = 0;
  #cuts = [];
  #busy = Promise.resolve();

  constructor(port) {
    this.target = port;
  }

  async start() {
    this.server = createServer((near) => {
      near.on("error", () => {});
      this.#busy.then(() => this.#serve(near));
    });
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.close();
  }

  /**
   * Each of the next connections ends behind so many bytes from the account, without a word of
   * TLS. `meanwhile` is done before any other connection gets through.
   */
  cut(bytes, meanwhile) {
    for (const limit of bytes) {
      this.#cuts.push({ limit, meanwhile });
    }
  }

  /** The next connection is reset behind so many bytes, of which some may never arrive. */
  reset(limit) {
    this.#cuts.push({ limit, reset: true });
  }

  /** What is ordered and did not happen will not happen any more. */
  mend() {
    this.#cuts = [];
  }

  #serve(near) {
    const cut = this.#cuts.shift();
    const far = connect(this.target, "127.0.0.1");
    let count = 0;
    const end = () => {
      far.destroy();
      return cut?.reset ? near.resetAndDestroy() : near.end();
    };
    far.on("error", end);
    far.on("close", () => near.end());
    near.on("close", () => far.destroy());
    near.pipe(far);
    far.on("data", (chunk) => {
      const left = cut === undefined ? chunk.length : Math.min(chunk.length, cut.limit - count);
      count += left;
      this.passed += left;
      if (left < chunk.length) {
        this.#busy = Promise.resolve(cut.meanwhile?.());
        far.removeAllListeners("data");
        return near.write(chunk.subarray(0, left), end);
      }
      if (!near.write(chunk)) {
        far.pause();
        near.once("drain", () => far.resume());
      }
    });
  }
}
