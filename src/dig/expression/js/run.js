// Evaluates one template: `source` is the body of a function that adds up its literals and expressions.
(function (host, source, base, overlay, lastMatch) {
  "use strict";
  const NativeDate = Date;
  const stringify = JSON.stringify;
  const isWellFormed = String.prototype.isWellFormed;

  function define(object, name, value, enumerable) {
    Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true });
  }

  // Dates and moments take some time to load, so that happens when a script first names them.
  function defineLazily(name, load) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get() {
        const value = load();
        define(globalThis, name, value, false);
        return value;
      },
      set(value) {
        define(globalThis, name, value, false);
      },
    });
  }

  defineLazily("Date", () => host.loadDate()(host, NativeDate));
  defineLazily("moment", () => host.loadMoment()(host));

  // Names that Digdag's own template function leaves behind; workflows that use them undefined get no error there.
  globalThis.m = lastMatch === undefined ? ["", undefined] : ["${" + lastMatch, lastMatch];
  globalThis.all = globalThis.m[0];
  globalThis.match = globalThis.m[1];
  define(globalThis, "template", function template() {}, true);
  define(globalThis, "load", function load() {
    throw new TypeError("load is not available");
  }, false);

  const params = JSON.parse(base);
  const above = JSON.parse(overlay);
  for (const key of Object.keys(above)) {
    define(params, key, above[key], true);
  }

  function inline(value) {
    return value === null || value === undefined ? "" : typeof value === "string" ? value : stringify(value);
  }

  const text = String(new Function("__inline", source)(inline).call(params));
  return isWellFormed.call(text) ? text : text.toWellFormed();
})
