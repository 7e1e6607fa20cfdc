//! Who answers at a machine's token address where it is not Azure's service.

use crate::fault::Action;

/// Somebody else in the service's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// Another provider's metadata service that knows no such path: 404, HTML.
    Aws,
    /// Another provider's metadata service that wants a session first: 401, HTML.
    AwsSession,
    /// A captive portal: 200, HTML.
    CaptivePortal,
    /// Docker Desktop, which carries all requests and cannot reach the address: 403.
    DockerDesktop,
    /// A proxy that cannot reach the address: 502, HTML.
    Proxy,
    /// A portal that sends everybody to its login page: 302.
    Redirect,
    /// A firewall: the request is taken and never answered.
    Silence,
}

impl Stranger {
    pub(crate) fn action(self) -> Action {
        match self {
            Stranger::Aws => page(404, "EC2ws", &xhtml("404 - Not Found")),
            Stranger::AwsSession => page(401, "EC2ws", &xhtml("401 - Unauthorized")),
            Stranger::CaptivePortal => Action::HtmlPage,
            Stranger::DockerDesktop => Action::Status {
                code: 403,
                headers: Vec::new(),
                body: "connecting to 169.254.169.254:80: connecting to 169.254.169.254:80: dial \
                       tcp 169.254.169.254:80: connectex: A socket operation was attempted to an \
                       unreachable network."
                    .to_owned(),
            },
            Stranger::Proxy => page(502, "squid", &xhtml("502 - Bad Gateway")),
            Stranger::Redirect => Action::Redirect("http://login.guest-network.example/".into()),
            Stranger::Silence => Action::Silence,
        }
    }
}

fn page(code: u16, server: &str, body: &str) -> Action {
    Action::Status {
        code,
        headers: vec![
            ("content-type".to_owned(), "text/html".to_owned()),
            ("server".to_owned(), server.to_owned()),
        ],
        body: body.to_owned(),
    }
}

fn xhtml(title: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD \
         XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\
         \n<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>{title}</title></head>\
         <body><h1>{title}</h1></body></html>\n"
    )
}
