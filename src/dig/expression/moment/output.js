// Moments as text and as plain values.

Object.assign(Moment.prototype, {
  format(format) {
    return this.localeData().postformat(formatMoment(this, format || (this.isUtc() ? moment.defaultFormatUtc : moment.defaultFormat)));
  },

  toISOString(keepOffset) {
    if (!this._valid) {
      return null;
    }
    const shown = keepOffset === true ? this : this.clone().utc();
    const year = shown.year() < 0 || shown.year() > 9999 ? "YYYYYY" : "YYYY";
    return formatMoment(shown, year + "-MM-DD[T]HH:mm:ss.SSS" + (keepOffset === true ? "Z" : "[Z]"));
  },

  toJSON() {
    return this._valid ? this.toISOString() : null;
  },

  toString() {
    return this.clone().locale("en").format("ddd MMM DD YYYY HH:mm:ss [GMT]ZZ");
  },

  inspect() {
    if (!this._valid) {
      return "moment.invalid(/* " + this._i + " */)";
    }
    const name = this.isLocal() ? "moment" : this.utcOffset() === 0 ? "moment.utc" : "moment.parseZone";
    const year = this.year() >= 0 && this.year() <= 9999 ? "YYYY" : "YYYYYY";
    const zone = this.isLocal() ? "" : offsetText(this, ":");
    return name + '("' + formatMoment(this, year + "-MM-DD[T]HH:mm:ss.SSS") + zone + '")';
  },

  toArray() {
    return [this.year(), this.month(), this.date(), this.hour(), this.minute(), this.second(), this.millisecond()];
  },

  toObject() {
    const [years, months, date, hours, minutes, seconds, milliseconds] = this.toArray();
    return { years, months, date, hours, minutes, seconds, milliseconds };
  },
});
