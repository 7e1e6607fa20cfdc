// oidc-provider at the paths of Entra or of AD FS.
//
// The provider decides: it verifies assertions, refuses what was used before, runs the device flow
// and signs the tokens. What is done here is to put it where the product looks for it: its routes,
// the audience out of Entra's `scope`, and three words in which Entra differs from RFC 8628.

import { X509Certificate, createHash } from "node:crypto";
import { Provider } from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";

// It says on each start that its quick-start pages are not for the field.
for (const method of ["info", "warn"]) {
  const say = console[method];
  console[method] = (...text) => String(text[0]).includes("oidc-provider") || say(...text);
}

export const ENTRA = {
  host: "login.microsoftonline.us",
  vaultSuffix: "vault.usgovcloudapi.net",
  algorithm: "PS256",
};

export const ADFS = {
  host: "adfs.local.azurestack.external",
  vaultSuffix: "vault.local.azurestack.external",
  algorithm: "RS256",
};

export class Authority {
  /** Every form that came to the token endpoint, with status, error and tokens of the reply. */
  exchanges = [];
  /** Why the provider refused, in its own words; it does not tell the client. */
  refusals = [];
  /** Every reply of the device endpoint. */
  deviceCodes = [];
  /** While set, assertions do not reach the provider: it has not seen what is kept. */
  holding = false;

  constructor(kind, tenant, clients) {
    this.kind = kind;
    this.base = kind === ADFS ? "/adfs" : `/${tenant}`;
    this.audience = `https://${kind.vaultSuffix}`;
    this.tokenPath = `${this.base}/oauth2/${kind === ADFS ? "" : "v2.0/"}token`;
    this.tokenUrl = `https://${kind.host}${this.tokenPath}`;
    this.issuer = `https://${kind.host}${this.base}`;
    this.provider = new Provider(this.issuer, this.#configuration(clients));
    this.provider.on("grant.error", (_, error) =>
      this.refusals.push(error.error_detail ?? error.message),
    );
    this.provider.on("server_error", (_, error) => this.refusals.push(error.stack));
    this.callback = this.provider.callback();
  }

  /** Answers a request to the authority's host. */
  async answer(request, response, body) {
    const path = request.url.split("?")[0];
    const form = Object.fromEntries(new URLSearchParams(body.toString()));
    if (path === this.tokenPath && request.method === "POST") {
      const exchange = { form, headers: request.headers };
      this.exchanges.push(exchange);
      if (this.holding) {
        exchange.status = 400;
        return reply(response, 400, { error: "invalid_client", error_description: "held back" });
      }
      return this.#pass(request, response, body, (status, json) => {
        exchange.status = status;
        exchange.error = json.error;
        exchange.tokens = [json.access_token, json.refresh_token, json.id_token].filter(Boolean);
        return this.kind === ENTRA ? inEntrasWords(json) : json;
      });
    }
    if (path === `${this.base}/oauth2/v2.0/devicecode` && request.method === "POST") {
      return this.#pass(request, response, body, (status, json) => {
        if (status === 200) {
          json.interval = 1;
          json.message = `Open ${json.verification_uri} and enter ${json.user_code}.`;
          delete json.verification_uri_complete;
          this.deviceCodes.push(json);
        }
        return json;
      });
    }
    return this.#pass(request, response, body);
  }

  /** Hands a request to the provider; `rewrite` may change a reply in JSON. */
  #pass(request, response, body, rewrite) {
    if (!request.url.startsWith(`${this.base}/`)) {
      return reply(response, 404, { error: "not_found" });
    }
    request.originalUrl = request.url;
    const path = request.url.slice(this.base.length);
    request.url = path.replace("/v2.0/.well-known/", "/.well-known/");
    // The provider takes a body that was read already.
    request.body = body.length > 0 ? body.toString() : undefined;
    if (rewrite) {
      const end = response.end.bind(response);
      response.end = (text) => {
        const json = rewrite(response.statusCode, JSON.parse(text));
        const changed = Buffer.from(JSON.stringify(json));
        response.setHeader("content-length", changed.length);
        return end(changed);
      };
    }
    return this.callback(request, response);
  }

  #configuration(clients) {
    const { audience, base } = this;
    const scope = `${audience}/.default`;
    return {
      // Keeps what expired for an hour: of a code that is gone the provider could not say so.
      adapter: createMemoryAdapter(3600),
      clients,
      clientAuthMethods: ["none", "private_key_jwt"],
      scopes: ["openid", "offline_access", "profile"],
      routes: {
        device_authorization: base === "/adfs" ? "/oauth2/devicecode" : "/oauth2/v2.0/devicecode",
        token: base === "/adfs" ? "/oauth2/token" : "/oauth2/v2.0/token",
      },
      features: {
        clientCredentials: { enabled: true },
        deviceFlow: { enabled: true },
        resourceIndicators: {
          enabled: true,
          // Entra names the audience in the scope, AD FS by `resource`.
          defaultResource: (context, _client, granted) => {
            const scopes = context.oidc.params.scope?.split(" ") ?? [];
            const named = scopes.find((name) => name.endsWith("/.default"));
            const entra = base === "/adfs" ? undefined : named?.slice(0, -"/.default".length);
            return granted?.[0] ?? entra;
          },
          getResourceServerInfo: (_context, resource) => {
            if (resource !== audience) {
              throw Object.assign(new Error("invalid_target"), {
                expose: true,
                status: 400,
                statusCode: 400,
                error_description: `no such resource: ${resource}`,
              });
            }
            return {
              audience,
              scope,
              accessTokenFormat: "jwt",
              accessTokenTTL: 3599,
              jwt: { sign: { alg: "RS256" } },
            };
          },
          useGrantedResource: () => true,
        },
      },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      cookies: { keys: [createHash("sha256").update(this.issuer).digest("hex")] },
      ttl: { DeviceCode: 900 },
    };
  }
}

/** An application that signs in with the key of a certificate, and with this algorithm alone. */
export function certificateClient(id, pem, algorithm) {
  const jwk = new X509Certificate(pem).publicKey.export({ format: "jwk" });
  return {
    client_id: id,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: algorithm,
    jwks: { keys: [{ ...jwk, use: "sig" }] },
  };
}

/** An application without a credential, for people with a second device. */
export function deviceClient(id) {
  return {
    client_id: id,
    application_type: "native",
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "none",
  };
}

/** The words and codes that differ from RFC 8628 (Microsoft Entra, "device authorization grant"). */
function inEntrasWords(json) {
  const codes = { access_denied: 70000, authorization_pending: 70016, expired_token: 70019 };
  const code = codes[json.error];
  if (code) {
    json.error_codes = [code];
  }
  if (json.error === "access_denied") {
    json.error = "authorization_declined";
  }
  return json;
}

export function reply(response, status, json) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(json));
}
