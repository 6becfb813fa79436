// `Date` in the workflow's zone. The engine's own Date follows the zone of the process, so that everything local is
// done here: over UTC fields of a time moved by the zone's offset.
(function (host, NativeDate) {
  "use strict";
  const proto = NativeDate.prototype;
  const native = {};
  for (const name of Object.getOwnPropertyNames(proto)) {
    native[name] = proto[name];
  }
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const valueOf = (date) => native.getTime.call(date);
  // A native date whose UTC fields are the local fields of `date`.
  const shifted = (date) => {
    const time = valueOf(date);
    return new NativeDate(time + host.offset(time));
  };
  const pad = (number, width) => String(number).padStart(width, "0");

  function Date(...parts) {
    if (new.target === undefined) {
      return new Date().toString();
    }
    return Reflect.construct(NativeDate, [timeOf(parts)], new.target);
  }

  function timeOf(parts) {
    if (parts.length === 0) {
      return host.now;
    }
    if (parts.length > 1) {
      const local = NativeDate.UTC(...parts);
      return clip(host.utc(local));
    }
    let value = parts[0];
    if (isDate(value)) {
      return valueOf(value);
    }
    if (typeof value === "object" && value !== null) {
      value = value[Symbol.toPrimitive] ? value[Symbol.toPrimitive]("default") : primitive(value);
    }
    return typeof value === "string" ? Date.parse(value) : Number(value);
  }

  function primitive(value) {
    const inner = value.valueOf();
    return typeof inner === "object" && inner !== null ? String(value) : inner;
  }

  function isDate(value) {
    try {
      valueOf(value);
      return true;
    } catch {
      return false;
    }
  }

  function clip(time) {
    return Math.abs(time) <= 8.64e15 ? time : NaN;
  }

  // Texts that are only a date are UTC, as everywhere in ECMAScript; other texts without a zone are local.
  function parse(text) {
    text = String(text);
    const zoned = /(?:[zZ]|[+-]\d\d:?\d\d|\b(?:GMT|UTC?|[ECMP][SD]T)\b.*)\s*(?:\(.*\))?\s*$/;
    if (/^\s*(?:\d{4}|[+-]\d{6})(?:-\d\d){0,2}\s*$/.test(text)) {
      return NativeDate.parse(text);
    }
    const iso = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT/.test(text);
    if (zoned.test(iso ? text.slice(text.indexOf("T")) : text)) {
      return NativeDate.parse(text);
    }
    return clip(host.utc(NativeDate.parse(text + (iso ? "Z" : " GMT"))));
  }

  const method = (target, name, length, body) => {
    Object.defineProperty(body, "name", { value: name });
    Object.defineProperty(body, "length", { value: length });
    Object.defineProperty(target, name, { value: body, writable: true, enumerable: false, configurable: true });
  };

  method(Date, "now", 0, () => host.now);
  method(Date, "parse", 1, parse);
  method(Date, "UTC", 7, NativeDate.UTC);
  Object.defineProperty(Date, "length", { value: 7 });
  Object.defineProperty(Date, "prototype", { value: proto, writable: false });
  method(proto, "constructor", 7, Date);
  Object.defineProperty(Date, "name", { value: "Date" });

  for (const field of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    const read = native["getUTC" + field];
    method(proto, "get" + field, 0, function () {
      return read.call(shifted(this));
    });
    const write = native["setUTC" + field];
    if (write !== undefined) {
      method(proto, "set" + field, write.length, function (...values) {
        const local = shifted(this);
        const moved = write.apply(local, values);
        return native.setTime.call(this, clip(host.utc(moved)));
      });
    }
  }
  method(proto, "getYear", 0, function () {
    return this.getFullYear() - 1900;
  });
  method(proto, "setYear", 1, function (year) {
    year = Number(year);
    return this.setFullYear(year >= 0 && year <= 99 ? 1900 + Math.trunc(year) : year);
  });
  method(proto, "getTimezoneOffset", 0, function () {
    return -Math.trunc(host.offset(valueOf(this)) / 60000) + 0;
  });

  const dateText = (local) =>
    days[native.getUTCDay.call(local)] + " " + months[native.getUTCMonth.call(local)] + " " +
    pad(native.getUTCDate.call(local), 2) + " " + yearText(native.getUTCFullYear.call(local));
  const yearText = (year) => (year < 0 ? "-" + pad(-year, 6) : pad(year, 4));
  const clockText = (local) =>
    [native.getUTCHours, native.getUTCMinutes, native.getUTCSeconds].map((get) => pad(get.call(local), 2)).join(":");
  const zoneText = (time) => {
    const minutes = Math.trunc(host.offset(time) / 60000);
    const size = Math.abs(minutes);
    return "GMT" + (minutes < 0 ? "-" : "+") + pad(Math.trunc(size / 60), 2) + pad(size % 60, 2) +
      " (" + host.abbreviation(time) + ")";
  };
  const isoDateText = (local) =>
    yearText(native.getUTCFullYear.call(local)) + "-" + pad(native.getUTCMonth.call(local) + 1, 2) + "-" +
    pad(native.getUTCDate.call(local), 2);

  const written = {
    toString: (time, local) => dateText(local) + " " + clockText(local) + " " + zoneText(time),
    toDateString: (time, local) => dateText(local),
    toTimeString: (time, local) => clockText(local) + " " + zoneText(time),
    toLocaleString: (time, local) => written.toString(time, local),
    toLocaleDateString: (time, local) => isoDateText(local),
    toLocaleTimeString: (time, local) => clockText(local),
  };
  for (const name of Object.keys(written)) {
    method(proto, name, 0, function () {
      const time = valueOf(this);
      return time === time ? written[name](time, shifted(this)) : "Invalid Date";
    });
  }
  return Date;
})
