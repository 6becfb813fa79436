// Calendar arithmetic on plain numbers. A "wall" time is milliseconds since 1970 as if the clock shown were UTC.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MAX_TIME = 8.64e15;

const floorDiv = (a, b) => Math.floor(a / b);
const floorMod = (a, b) => ((a % b) + b) % b;
const towardsZero = (number) => Math.trunc(number) + 0;
const awayFromZero = (number) => (number < 0 ? Math.floor(number) : Math.ceil(number));

// A whole number, 0 for whatever is none.
function whole(value) {
  const number = Number(value);
  return Number.isFinite(number) ? towardsZero(number) : 0;
}

function pad(number, width, plus) {
  const digits = String(Math.abs(number)).padStart(width, "0");
  return (number < 0 ? "-" : plus ? "+" : "") + digits;
}

const isLeapYear = (year) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysInYear = (year) => (isLeapYear(year) ? 366 : 365);

function daysInMonth(year, month) {
  if (Number.isNaN(year) || Number.isNaN(month)) {
    return NaN;
  }
  const inYear = floorMod(month, 12);
  const inside = year + floorDiv(month, 12);
  return inYear === 1 ? (isLeapYear(inside) ? 29 : 28) : 31 - ((inYear % 7) % 2);
}

// The number of the day since 1970 of a date whose month and day may overflow. Years are counted from March, so that a
// leap day is the last of its year.
function dayNumber(year, month, day) {
  const shiftedMonth = floorMod(month - 2, 12);
  const shiftedYear = year + floorDiv(month - 2, 12);
  const era = floorDiv(shiftedYear, 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = floorDiv(153 * shiftedMonth + 2, 5);
  return era * 146097 + yearOfEra * 365 + floorDiv(yearOfEra, 4) - floorDiv(yearOfEra, 100) + dayOfYear - 719468 + day - 1;
}

// The wall time of fields that may overflow.
function wallOf(year, month = 0, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0) {
  const wall = dayNumber(towardsZero(year), towardsZero(month), towardsZero(day)) * DAY + towardsZero(hour) * HOUR +
    towardsZero(minute) * MINUTE + towardsZero(second) * SECOND + towardsZero(millisecond);
  return Math.abs(wall) <= MAX_TIME + DAY ? wall : NaN;
}

// Year, month (0-11) and day of month of a wall time.
function dateOf(wall) {
  const day = floorDiv(wall, DAY) + 719468;
  const era = floorDiv(day, 146097);
  const dayOfEra = day - era * 146097;
  const yearOfEra = floorDiv(
    dayOfEra - floorDiv(dayOfEra, 1460) + floorDiv(dayOfEra, 36524) - floorDiv(dayOfEra, 146096), 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + floorDiv(yearOfEra, 4) - floorDiv(yearOfEra, 100));
  const shiftedMonth = floorDiv(5 * dayOfYear + 2, 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 2 : shiftedMonth - 10;
  return {
    year: yearOfEra + era * 400 + (month < 2 ? 1 : 0),
    month,
    day: dayOfYear - floorDiv(153 * shiftedMonth + 2, 5) + 1,
  };
}

const weekdayOf = (wall) => floorMod(floorDiv(wall, DAY) + 4, 7);

// Weeks begin on day `dow`; week 1 of a year is the one with January `7 + dow - doy`.
function firstWeekStart(year, dow, doy) {
  const anchor = 7 + dow - doy;
  const weekday = floorMod(7 + weekdayOf(wallOf(year, 0, anchor)) - dow, 7);
  return anchor - weekday - 1;
}

function weeksInYear(year, dow, doy) {
  return (daysInYear(year) - firstWeekStart(year, dow, doy) + firstWeekStart(year + 1, dow, doy)) / 7;
}

function weekOfYear(year, dayOfYear, dow, doy) {
  const week = floorDiv(dayOfYear - firstWeekStart(year, dow, doy) - 1, 7) + 1;
  if (week < 1) {
    return { year: year - 1, week: week + weeksInYear(year - 1, dow, doy) };
  }
  const weeks = weeksInYear(year, dow, doy);
  return week > weeks ? { year: year + 1, week: week - weeks } : { year, week };
}

function dayOfWeekYear(year, week, weekday, dow, doy) {
  const dayOfYear = 1 + 7 * (week - 1) + floorMod(7 + weekday - dow, 7) + firstWeekStart(year, dow, doy);
  if (dayOfYear <= 0) {
    return { year: year - 1, dayOfYear: daysInYear(year - 1) + dayOfYear };
  }
  const days = daysInYear(year);
  return dayOfYear > days ? { year: year + 1, dayOfYear: dayOfYear - days } : { year, dayOfYear };
}
