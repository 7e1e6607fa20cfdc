//! An authority on the loopback interface that tells what a sign-in sent to it.

use super::endpoint::SignIn;
use super::Application;
use crate::cloud::{Cloud, Protocol};
use crate::http::testing::{host, Answer, Fault, Server};
use crate::http::Client;
use crate::name::{ClientId, Tenant};

/// An authority that answers each request with `body`.
pub(super) struct Authority {
    server: Server,
    client: Client,
    cloud: Cloud,
    application: Application,
}

impl Authority {
    pub(super) fn new(protocol: Protocol, body: &str) -> Self {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        let answers = (0..4).map(|_| Answer::Whole(answer.clone()));
        let server = Server::start(Fault::None, answers.collect());
        let tenant = match protocol {
            Protocol::AdFs => "adfs",
            Protocol::Entra => "contoso.example",
        };
        Self {
            client: Client::new(&server.settings(), None).unwrap(),
            server,
            cloud: Cloud {
                authority: host(),
                protocol,
                ..Cloud::preset("public").unwrap()
            },
            application: Application {
                tenant: Tenant::parse(tenant).unwrap(),
                client_id: ClientId::parse(CLIENT_ID).unwrap(),
                credential: String::new(),
            },
        }
    }

    pub(super) fn sign_in(&self) -> SignIn<'_> {
        SignIn {
            client: &self.client,
            cloud: &self.cloud,
            application: &self.application,
            audience: "https://vault.example",
        }
    }

    /// Path and form of the last request, without the escapes of `-`, `.` and `_`.
    pub(super) fn asked(&self) -> String {
        let asked = self.server.asked.lock().unwrap();
        let (head, form) = asked.last().unwrap().split_once("\r\n\r\n").unwrap();
        let path = head.split(' ').nth(1).unwrap();
        let form = form.replace("%2D", "-").replace("%2E", ".");
        let form = form.replace("%5F", "_").replace(CLIENT_ID, "ID");
        format!("{path} {form}")
    }
}

const CLIENT_ID: &str = "4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f";
