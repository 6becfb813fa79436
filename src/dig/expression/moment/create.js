// Making moments out of whatever a script gives.

const isMoment = (value) => value instanceof Moment || (value !== null && value !== undefined && value._isAMomentObject === true);
const isDate = (value) => value instanceof Date || Object.prototype.toString.call(value) === "[object Date]";
const isNothing = (value) => (Array.isArray(value) && value.length === 0) || (isPlainObject(value) && Object.keys(value).length === 0);

function moment(input, format, locale, strict) {
  return createMoment(input, format, locale, strict, false);
}

function utcMoment(input, format, locale, strict) {
  return createMoment(input, format, locale, strict, true).utc();
}

const ISO_8601 = function () {};
const RFC_2822 = function () {};

const momentNow = () => Number(moment.now());

function createMoment(input, format, locale, strict, useUtc) {
  if (locale === true || locale === false) {
    strict = locale;
    locale = undefined;
  }
  const config = {
    input: isNothing(input) ? undefined : input,
    format,
    strict,
    locale: localeData(locale),
    useUtc,
    isUtc: useUtc,
  };
  const made = new Moment(config);
  if (config.nextDay) {
    made.add(1, "d");
  }
  return made;
}

function invalidMoment(flags) {
  return new Moment({ invalid: Object.assign(newFlags(), flags || { userInvalidated: true }), locale: globalLocale, isUtc: true });
}

// Finds the instant of a configuration and notes in its flags what is wrong with the input.
function resolve(config) {
  const { input, format } = config;
  if (input === null || (format === undefined && input === "")) {
    config.flags = Object.assign(newFlags(), { nullInput: true });
    config.instant = NaN;
  } else if (isMoment(input)) {
    config.instant = input.valueOf();
    config.offset = input._offset;
    config.isUtc = input._isUTC;
    config.locale = input._locale;
    config.flags = { ...newFlags(), ...input._flags };
  } else if (isDate(input)) {
    config.instant = input.getTime();
  } else if (Array.isArray(format)) {
    config.input = typeof input === "string" ? config.locale.preparse(input) : input;
    parseByFormats(config);
  } else if (format) {
    config.input = typeof input === "string" ? config.locale.preparse(input) : input;
    parseByFormat(config);
    if (config.unknown) {
      config.flags = newFlags();
      config.instant = NaN;
    }
  } else {
    resolveValue(config);
  }
  config.flags = config.flags || newFlags();
}

function resolveValue(config) {
  const { input } = config;
  if (input === undefined) {
    config.instant = momentNow();
  } else if (typeof input === "string") {
    config.input = config.locale.preparse(input);
    resolveText(config);
  } else if (Array.isArray(input)) {
    config.parts = input.map((part) => parseInt(part, 10));
    completeFields(config);
  } else if (typeof input === "object") {
    const units = normalizedObject(input);
    config.parts = [units.year, units.month, units.day || units.date, units.hour, units.minute, units.second,
      units.millisecond].map((part) => part && parseInt(part, 10));
    completeFields(config);
  } else if (typeof input === "number") {
    config.instant = towardsZero(input);
  } else {
    config.instant = NaN;
  }
}

function completeFields(config) {
  config.flags = newFlags();
  complete(config);
  checkOverflow(config);
}

function resolveText(config) {
  const dotNet = /^\/?Date\((-?\d+)/i.exec(config.input);
  if (dotNet) {
    config.instant = Number(dotNet[1]);
    return;
  }
  parseIso(config);
  if (config.unknown) {
    config.unknown = false;
    parseRfc2822(config);
  }
  if (config.unknown) {
    // Whatever else Date reads.
    config.unknown = false;
    moment.createFromInputFallback({ _i: config.input, _useUTC: config.useUtc, _config: config });
  }
}
