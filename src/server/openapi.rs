//! `GET /api/openapi.json`: the description of the API, for people and for programs that make clients. It is written by
//! hand; the tests keep it equal to the routes.

use super::app::App;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::router::{PathParams, Route};

pub const ROUTES: &[Route<App>] = &[Route::get("/api/openapi.json", document)];

/// OpenAPI 3.1.
pub const DOCUMENT: &str = include_str!("openapi.json");

fn document(_: &App, _: &Request, _: &PathParams) -> Result<Response, ApiError> {
    Ok(Response::new(200, "application/json", DOCUMENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::api;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn parsed() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    /// Every operation with its path and method.
    fn operations(document: &Value) -> Vec<(String, String, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        let of_path = |(path, methods): (&String, &'_ Value)| -> Vec<_> {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (path.clone(), method.to_uppercase())).collect()
        };
        paths
            .flat_map(of_path)
            .map(|(path, method)| {
                let operation = &document["paths"][&path][method.to_lowercase()];
                (path, method, operation)
            })
            .collect()
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn the_routes_are_what_is_described() {
        let document = parsed();
        let described: BTreeSet<_> =
            operations(&document).into_iter().map(|(path, method, _)| (path, method)).collect();
        let router = api::router();
        let routes = router.routes().map(|route| (route.pattern.to_owned(), route.method.to_string()));
        assert_eq!(described, routes.collect());
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_part_is_used() {
        let document = parsed();
        let mut used = BTreeSet::new();
        references(&document, &mut used);
        let parts = ["parameters", "responses", "schemas"].into_iter().flat_map(|kind| {
            let names = document["components"][kind].as_object().unwrap().keys();
            names.map(move |name| format!("#/components/{kind}/{name}"))
        });
        assert_eq!(parts.collect::<BTreeSet<_>>(), used);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_its_path_parameters() {
        let document = parsed();
        let mut names = BTreeSet::new();
        for (path, method, operation) in operations(&document) {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
            assert!(operation["summary"].as_str().unwrap().ends_with('.'), "{method} {path}");
            let described = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described: BTreeSet<String> = described
                .iter()
                .filter_map(|parameter| parameter["$ref"].as_str()?.strip_prefix('#'))
                .map(|pointer| document.pointer(pointer).unwrap())
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                .collect();
            let in_path = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
            assert_eq!(described, in_path.map(str::to_owned).collect(), "{method} {path}");
        }
    }
}
