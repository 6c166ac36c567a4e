// CSV and iCalendar files of the agreements that match the filters, equal to those of the command.
const FOLLOWS = ["nothing", "no_end", "next_period", "not_begun"];
const RENEWALS = ["", "due", "meant_to_end", "followed"];
const COLUMNS = ["agreement", "title", "number", "client", "client_title", "manager", "state", "since", "first_day", "last_day", "final_last_day", "days_left", "period", "notice_deadline", "renews", "follows", "gap_days", "services", "zone", "renewal", "labels", "file", "helpdesk"];

/** A cell in quotation marks that no spreadsheet takes for a formula. */
function cell(value) {
  const text = String(value ?? "").replace(/[\p{Cc}\u2028\u2029]/gu, " ").trim().replaceAll('"', '""');
  return `"${/^[=+\-@＝＋－＠]/.test(text) ? "'" : ""}${text}"`;
}

const isoOr = (day) => (day === null ? "" : iso(day));
const wholeTitle = (agreement) => (agreement.more.whole ? agreement.title : `${agreement.client.title}: ${agreement.title}`);

function csvLine(agreement) {
  const { id, number, client, manager, state, since, first, last, final, left, more, deadline, follows, gap, helpdesk } = agreement;
  return [id, wholeTitle(agreement), number, client.slug, client.title, manager?.title, STATES[state], isoOr(since), isoOr(first), isoOr(last), isoOr(final), left,
    more.period?.[0] ?? 1, isoOr(deadline), more.renews, agreement.successor?.id ?? FOLLOWS[follows], gap, agreement.services.map(({ service }) => service.slug).join(" "),
    more.zone ?? data.zone, RENEWALS[more.renewal ?? 0], agreement.labels.map(({ text }) => text).join("; "), fileOf(agreement), helpdesk];
}

/** A table of these agreements, as `report --csv` writes it. */
function csvOf(shown) {
  const separator = words.locale.startsWith("ru") ? ";" : ",";
  return `\ufeff${[COLUMNS, ...shown.map(csvLine)].map((line) => `${line.map(cell).join(separator)}\r\n`).join("")}`;
}

const octets = new TextEncoder();

/** A line of a calendar file, folded after 75 octets (RFC 5545, 3.1). */
function folded(line) {
  let [text, length] = ["", 0];
  for (const letter of line) {
    const size = octets.encode(letter).length;
    if (length + size > 75) {
      text += "\r\n ";
      length = 1;
    }
    length += size;
    text += letter;
  }
  return `${text}\r\n`;
}

const calendarText = (text) => text.replace(/[\p{Cc}\u2028\u2029]/gu, "").replace(/[\\;,]/g, "\\$&");

/** The events of an agreement: what happens, its first and its last day. */
function eventsOf(agreement) {
  const today = agreement.more.today ?? data.today;
  const events = [["begins", agreement.phases[0]?.from], ["deadline", agreement.deadline], ["ends", agreement.final]]
    .filter(([, day]) => day !== null && day !== undefined).map(([name, day]) => [name, day, day]);
  for (const phase of agreement.phases) if (phase.isSuspended) events.push(["rests", phase.from, phase.until ?? Math.max(phase.from, today)]);
  return events.filter(([, , last]) => last >= today);
}

/** A calendar of these agreements, as `report --ics` writes it. */
function icsOf(shown) {
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Servanda//EN"];
  const compact = (day) => iso(day).replaceAll("-", "");
  for (const agreement of shown) {
    if (agreement.isOver) continue;
    for (const [name, first, last] of eventsOf(agreement)) {
      lines.push("BEGIN:VEVENT", `UID:${agreement.id.replaceAll("/", "~")}.${name}.${iso(first)}@servanda`, `DTSTAMP:${data.at}`,
        `DTSTART;VALUE=DATE:${compact(first)}`, `DTEND;VALUE=DATE:${compact(last + 1)}`,
        `SUMMARY:${calendarText(say(`event_${name}`, { client: agreement.client.title }))}`,
        `DESCRIPTION:${calendarText(`${wholeTitle(agreement)} (${agreement.id})`)}`, "TRANSP:TRANSPARENT", "END:VEVENT");
    }
  }
  return [...lines, "END:VCALENDAR"].map(folded).join("");
}

/** Hands a file to the browser. */
function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
