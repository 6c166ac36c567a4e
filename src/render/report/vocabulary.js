// What the page says: the words come with the data, in one language; days and numbers are written as that language does.
const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const plurals = new Intl.PluralRules(words.locale);
const digits = new Intl.NumberFormat(words.locale);
const dates = {
  long: { day: "numeric", month: "long", year: "numeric" },
  short: words.short_date,
  brief: words.brief_date,
  month: { month: "short" },
};
for (const name in dates) {
  dates[name] = new Intl.DateTimeFormat(words.locale, { ...dates[name], timeZone: "UTC" });
}

/** A sentence of the words, with the values put in. */
function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** A number with its noun in the right form: 1 соглашение, 2 соглашения, 5 соглашений. */
function count(number, name) {
  const forms = words[name];
  const form = forms[plurals.select(number)] ?? forms.other;
  return form.replace("{n}", digits.format(number));
}

/** A day, which the data has as a number of days since 1970. */
function date(day, form = "long") {
  const text = dates[form].format(day * 86_400_000);
  // A date is not broken into lines.
  return form === "month" ? text.replace(".", "") : text.replaceAll(" ", "\u00a0");
}

/** A length of time of a promise: seconds, or business days where it is negative. */
function duration(time) {
  if (time === null) return "–";
  if (time < 0) return count(-time, "business_days");
  const parts = [[Math.floor(time / 3600), "hours"], [Math.floor(time / 60) % 60, "minutes"], [time % 60, "seconds"]];
  const said = parts.filter(([number]) => number > 0).map(([number, unit]) => say(unit, { n: digits.format(number) }));
  return said.join(" ") || say("minutes", { n: 0 });
}

/** An element; texts among the children become text and nothing else. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
