//! `org.varlink.service`, and which interface a call is for.

use std::io;

use serde_json::json;

use super::{Answer, Call, Error, Interface, Replies};

const NAME: &str = "org.varlink.service";

const DESCRIPTION: &str = "\
# Describes a service and the interfaces that it serves.
interface org.varlink.service

# What the service is, and the interfaces it serves.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# The definition of an interface.
method GetInterfaceDescription(interface: string) -> (description: string)

# The service has no such interface.
error InterfaceNotFound (interface: string)

# The interface has no such method.
error MethodNotFound (method: string)

# The interface has the method, the service does not serve it.
error MethodNotImplemented (method: string)

# A parameter is missing, unknown or of the wrong type.
error InvalidParameter (parameter: string)

# The method replies more than once: call it with `more`.
error ExpectedMore ()
";

/// Answers a call of any interface.
pub(super) fn answer(
    interface: &dyn Interface,
    call: &Call,
    replies: &mut Replies<'_>,
) -> io::Result<Answer> {
    let Some((name, method)) = call.method.rsplit_once('.') else {
        return Ok(Error::of_service("InterfaceNotFound", "interface", &call.method).into());
    };
    if call.upgrade {
        return Ok(Error::of_service("MethodNotImplemented", "method", &call.method).into());
    }
    if name == interface.name() {
        interface.call(method, call, replies)
    } else if name == NAME {
        Ok(describe(interface, method, call))
    } else {
        Ok(Error::of_service("InterfaceNotFound", "interface", name).into())
    }
}

fn describe(interface: &dyn Interface, method: &str, call: &Call) -> Answer {
    let known: &[&str] = match method {
        "GetInfo" => &[],
        "GetInterfaceDescription" => &["interface"],
        _ => return Error::method_not_found(&call.method).into(),
    };
    if let Some(unknown) = call.parameters.keys().find(|key| !known.contains(&key.as_str())) {
        return Error::invalid_parameter(unknown).into();
    }
    if known.is_empty() {
        let identity = interface.identity();
        return Answer::Reply(json!({
            "vendor": identity.vendor,
            "product": identity.product,
            "version": identity.version,
            "url": identity.url,
            "interfaces": [NAME, interface.name()],
        }));
    }
    let description = match call.parameters.get("interface").and_then(|name| name.as_str()) {
        None => return Error::invalid_parameter("interface").into(),
        Some(NAME) => DESCRIPTION,
        Some(name) if name == interface.name() => interface.description(),
        Some(name) => return Error::of_service("InterfaceNotFound", "interface", name).into(),
    };
    Answer::Reply(json!({ "description": description }))
}
