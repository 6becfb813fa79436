// The zone in which a moment is shown.

// The zone's offset in minutes, in quarters of an hour.
function zoneOffset(time) {
  return Math.round(Math.trunc(host.offset(time) / MINUTE) / 15) * 15 + 0;
}

Object.assign(Moment.prototype, {
  utcOffset(input, keepLocalTime, keepMinutes) {
    if (!this._valid) {
      return input === undefined || input === null ? NaN : this;
    }
    if (input === undefined || input === null) {
      return this._isUTC ? this._offset : zoneOffset(this._time);
    }
    if (typeof input === "string") {
      input = offsetIn(shortOffset, input);
      if (input === null) {
        return this;
      }
    } else if (Math.abs(input) < 16 && !keepMinutes) {
      input *= 60;
    }
    const wall = this._isUTC ? this._wall() : this._time + zoneOffset(this._time) * MINUTE;
    this._offset = input;
    this._isUTC = true;
    return keepLocalTime ? this._setWall(wall) : this;
  },

  utc(keepLocalTime) {
    return this.utcOffset(0, keepLocalTime);
  },

  local(keepLocalTime) {
    if (this._isUTC) {
      const wall = this._wall();
      this._isUTC = false;
      this._offset = 0;
      if (keepLocalTime) {
        this._time = wall - zoneOffset(wall) * MINUTE;
      }
    }
    return this;
  },

  parseZone() {
    if (this._zoneMinutes !== undefined && this._zoneMinutes !== null) {
      return this.utcOffset(this._zoneMinutes, false, true);
    }
    if (typeof this._i === "string") {
      const offset = offsetIn(/Z|[+-]\d\d:?\d\d/gi, this._i);
      return offset === null ? this.utcOffset(0, true) : this.utcOffset(offset);
    }
    return this;
  },

  hasAlignedHourOffset(input) {
    return this._valid && (this.utcOffset() - (input ? moment(input).utcOffset() : 0)) % 60 === 0;
  },

  isDST() {
    const offset = this.utcOffset();
    return offset > this.clone().month(0).utcOffset() || offset > this.clone().month(5).utcOffset();
  },

  isDSTShifted() {
    if (!this._a) {
      return false;
    }
    const meant = this._isUTC ? utcMoment(this._a) : moment(this._a);
    const shown = meant.toArray();
    return this._valid && this._a.some((part, index) => whole(part) !== shown[index]);
  },

  isLocal() {
    return this._valid && !this._isUTC;
  },

  isUtcOffset() {
    return this._valid && this._isUTC;
  },

  isUtc() {
    return this._valid && this._isUTC && this._offset === 0;
  },

  zoneAbbr() {
    return this._isUTC ? "UTC" : "";
  },

  zoneName() {
    return this._isUTC ? "Coordinated Universal Time" : "";
  },

  zone(input, keepLocalTime) {
    if (input === undefined || input === null) {
      return -this.utcOffset();
    }
    return this.utcOffset(typeof input === "string" ? input : -input, keepLocalTime);
  },
});
Moment.prototype.isUTC = Moment.prototype.isUtc;
