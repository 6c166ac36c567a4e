// The unpacked data: agreements with the values that they refer to, and lanes for chains of agreements.
const STATES = ["planned", "active", "suspended", "expired", "terminated"];
const NOTHING = 0, ROLL = 2, NOT_BEGUN = 3;
// Whether `renew` would write a successor: it is due, the agreement is meant to end, another one follows it.
const DUE = 1, MEANT = 2, FOLLOWED = 3;
const WITHIN = [30, 60, 90];
const NONE = [];
const [clients, managers, services, calendars] = [data.clients, data.managers, data.services, data.calendars]
  .map((list) => list.map(([slug, title], index) => ({ index, slug, title })));
const labels = data.labels.map(([name, value], index) => ({ index, slug: `${name}=${value}`, title: `${name}: ${value}`, text: `${name}=${value}` }));

// Most agreements share their services with many others.
const packs = data.packs.map((pack) => ({
  services: pack.map(([service, calendar, targets]) => ({
    service: services[service],
    calendar: calendar < 0 ? null : calendars[calendar],
    targets: targets < 0 ? [] : data.targets[targets],
  })),
  has: new Set(pack.map(([service]) => service)),
}));

const agreements = data.agreements.map((row, index) => {
  const [id, title, number, client, manager, state, because, since, first, last, final, flat, ahead, deadline, follows, pack, folder, origins, more = {}] = row;
  const phases = [];
  for (let at = 0; at < flat.length; at += 3) phases.push({ isSuspended: flat[at] === 2, from: flat[at + 1], until: flat[at + 2] });
  const isOver = state > 2;
  const ends = follows === ROLL ? last : final;
  return {
    index, id, title, number, state, because, since, first, last, final, phases, ahead, deadline, follows, more, isOver, ends,
    left: isOver || ends === null ? null : ends - (more.today ?? data.today),
    finalLeft: isOver || final === null ? null : final - (more.today ?? data.today),
    client: clients[client],
    manager: manager < 0 ? null : managers[manager],
    services: packs[pack].services,
    hasService: packs[pack].has,
    labels: more.labels?.map((label) => labels[label]) ?? NONE,
    folder,
    // The first helpdesk is that of agreements without an index; there is none if the only helpdesk has no name.
    helpdesk: data.helpdesks[more.helpdesk ?? 0],
    origins: origins < 0 ? NONE : data.origin_packs[origins],
    isOpen: !isOver && follows === NOTHING && more.renewal === DUE,
    successor: null, predecessor: null, gap: null, search: null,
  };
});
for (const agreement of agreements) {
  if (!Array.isArray(agreement.follows)) continue;
  agreement.successor = agreements[agreement.follows[0]];
  agreement.gap = agreement.follows[1];
  agreement.successor.predecessor = agreement;
}

/** The searchable text of an agreement in lower case, built on the first search. */
function searched(agreement) {
  const { id, title, number, client, manager, helpdesk, labels: own } = agreement;
  agreement.search ??= [id, title, number, client.title, client.slug, manager?.title, manager?.slug, helpdesk, ...own.map(({ text }) => text)].join("\n").toLocaleLowerCase(words.locale);
  return agreement.search;
}

const collator = new Intl.Collator(words.locale, { numeric: true });
const start = (agreement) => agreement.phases[0]?.from ?? agreement.first ?? Infinity;
const lanesOf = new Map(clients.map((client) => [client, []]));
for (const places of data.lanes) {
  const entries = places.map((place) => agreements[place]);
  lanesOf.get(entries[0].client).push({ entries, client: entries[0].client });
}
for (const lanes of lanesOf.values()) lanes.sort((one, other) => start(one.entries[0]) - start(other.entries[0]));
labels.sort((one, other) => collator.compare(one.title, other.title));
clients.sort((one, other) => collator.compare(one.title, other.title));
for (const list of [managers, services]) list.sort((one, other) => collator.compare(one.title, other.title));

/** The main agreement of a lane: the current one, else the next, else the last. */
function current(lane) {
  const { entries } = lane;
  return entries.find((entry) => entry.state === 1 || entry.state === 2) ?? entries.find((entry) => entry.state === 0) ?? entries.at(-1);
}

const covered = new Map();
for (const [client, ...cells] of data.coverage) {
  covered.set(client, new Map(cells.map(([service, entry, until]) => [service, { agreement: agreements[entry], until }])));
}

/** The continuation of an agreement as a sentence. */
function following(agreement) {
  if (agreement.successor) {
    const { id, first } = agreement.successor;
    if (agreement.gap === null) return say("followed_by", { id });
    if (agreement.gap > 0) return say("followed_after_gap", { id, days: count(agreement.gap, "days"), day: date(first, "short") });
    return say("followed_on", { id, day: date(first, "short") });
  }
  if (agreement.follows === NOTHING && agreement.more.ended) return agreement.more.cut ? words.is_terminated : words.is_ended;
  if (agreement.follows === NOTHING && agreement.more.renewal === MEANT) return words.meant_to_end;
  if (agreement.follows === NOTHING && agreement.more.renewal === FOLLOWED) return words.followed_elsewhere;
  return words.continuations[agreement.follows];
}

/** The path of an agreement's file, or an empty text. */
const fileOf = ({ id, folder, more }) => (folder < 0 ? more.file ?? "" : `${data.folders[folder]}${id.split("/")[0]}.yaml`);

/** The notices that the date will bring: the day, the notice. The data counts days from the last day. */
const comingOf = ({ last, more }) => (more.coming === undefined ? NONE : data.coming[more.coming].map(([day, notice]) => [(last ?? data.today) + day, notice]));

/** A term of months and days in words. */
function term([months, days]) {
  const parts = [[Math.floor(months / 12), "years"], [months % 12, "months"], [days, "days"]];
  return parts.filter(([number]) => number > 0).map(([number, unit]) => count(number, unit)).join(" ");
}

/** The end of an agreement without a known last day: it has none, or its term begins when it is activated. */
function withoutEnd(agreement) {
  if (agreement.follows !== NOT_BEGUN) return words.open_ended;
  return agreement.more.term ? say("by_hand_for", { term: term(agreement.more.term) }) : words.by_hand;
}
