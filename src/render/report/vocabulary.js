// The words of the page, which are part of the data, and the formats of dates and numbers in its language.
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

/** A sentence of the words with its placeholders replaced. */
function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** A number with the right plural form of its noun: 1 соглашение, 2 соглашения, 5 соглашений. */
function count(number, name) {
  const forms = words[name];
  const form = forms[plurals.select(number)] ?? forms.other;
  return form.replace("{n}", digits.format(number));
}

/** A day, given as the number of days since 1970-01-01. */
function date(day, form = "long") {
  const text = dates[form].format(day * 86_400_000);
  // A date is not broken into lines.
  return form === "month" ? text.replace(".", "") : text.replaceAll(" ", "\u00a0");
}

/** The time of a target: seconds, or business days if it is negative. */
function duration(time) {
  if (time === null) return "–";
  if (time < 0) return count(-time, "business_days");
  const parts = [[Math.floor(time / 3600), "hours"], [Math.floor(time / 60) % 60, "minutes"], [time % 60, "seconds"]];
  const said = parts.filter(([number]) => number > 0).map(([number, unit]) => say(unit, { n: digits.format(number) }));
  return said.join(" ") || say("minutes", { n: 0 });
}

/** An element; strings among the children become text nodes. */
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
