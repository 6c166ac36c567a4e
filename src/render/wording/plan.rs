//! The texts of changes: results, risks, causes, fields, totals and notices.

texts! {
    AGREEMENTS = "{n} [n|agreement|agreements]", "{n} [n|соглашение|соглашения|соглашений]";
    CLIENTS = "{n} [n|client|clients]", "{n} [n|клиент|клиента|клиентов]";
    /// The agreements of some clients.
    AGREEMENTS_OF_CLIENTS = "{a} [a|agreement|agreements] of {c} [c|client|clients]",
        "{a} [a|соглашение|соглашения|соглашений] у {c} [c|клиента|клиентов|клиентов]";
    AND_MORE = " and {n} more", " и ещё {n}";
    ALSO_SERVICES = " (also {n} [n|service|services] with other hours)",
        " (также {n} [n|услуга|услуги|услуг] с другими часами)";
    AND_MORE_LINES = "and {n} more", "и ещё {n}";
    AND = " and ", " и ";
    NOTHING = "nothing", "пусто";
    NONE = "none", "нет";

    PLANNED = "planned", "запланировано";
    ACTIVE = "active", "действует";
    SUSPENDED = "suspended", "приостановлено";
    EXPIRED = "expired", "истекло";
    TERMINATED = "terminated", "прекращено досрочно";
    STAYS = "stays {status}", "по-прежнему {status}";
    RETIRED = "will be retired: its document no longer exists",
        "будет выведено из действия: файла соглашения больше нет";
    MOVED = "moves to the helpdesk {helpdesk}, and will be retired here once it is confirmed there",
        "переезжает в хелпдеск {helpdesk}; здесь будет выведено из действия, когда подтвердится там";
    CREATED = "will be created with status {status}", "будет создано в статусе «{status}»";
    BECOMES_PLANNED = "will become planned", "станет запланированным";
    BECOMES_ACTIVE = "will become active", "начнёт действовать";
    BECOMES_SUSPENDED = "will be suspended", "будет приостановлено";
    BECOMES_EXPIRED = "will expire", "истечёт";
    BECOMES_TERMINATED = "will be terminated", "будет прекращено досрочно";
    FIRST_DAY_AHEAD = "its first day {day} is in the future", "первый день {day} ещё не наступил";
    FIRST_DAY_REACHED = "its first day {day} has been reached", "первый день {day} наступил";
    LAST_DAY_PASSED = "its last day {day} has passed", "последний день {day} прошёл";
    BEFORE_FIRST_DAY = "its first day is in the future", "первый день ещё не наступил";
    NOT_SWITCHED_ON = "not activated yet", "ещё не включено";
    BY_HAND = "its status is set by hand", "статус задан вручную";
    WITHIN_PERIOD = "the date is within its period", "идёт период действия";
    ON_SUSPENSION = "it is suspended on this date", "на эту дату приостановлено";
    IS_OVER = "its last day has passed", "последний день прошёл";
    TERMINATION = "its termination has taken effect", "досрочное прекращение вступило в силу";

    EDIT = "edit", "правка";
    DATE = "date", "дата";
    DRIFT = "drift", "расхождение";

    STATE = "state", "состояние";
    TITLE = "title", "название";
    NUMBER = "number", "номер";
    FIRST_DAY = "first day", "первый день";
    LAST_DAY = "last day", "последний день";
    MANAGER = "manager", "менеджер";
    PROVIDER = "provider", "исполнитель";
    CALENDAR = "hours", "часы обслуживания";
    SERVICES = "services", "услуги";
    RECIPIENTS = "recipients", "получатели";
    CONTACTS = "contacts", "контакты";
    TARGETS = "targets", "нормативы";
    DATES = "dates", "срок";
    FROM = "from {day}", "с {day}";
    OPEN_ENDED = "open-ended", "бессрочно";
    RESPONSE = "response", "реакция";
    RESOLUTION = "resolution", "решение";
    HOURS = "hours", "часы";
    HOURS_OF_AGREEMENT = "as in the agreement", "как в соглашении";
    YES = "true", "да";
    NO = "false", "нет";
    UNCHANGED_ITEMS = " ({n}\u{a0}unchanged)", " (без изменений: {n})";
    SAME_IN_EFFECT = "written in another way, the same in effect", "записано иначе, по сути то же самое";
    HIDDEN_DIFFERENCE = " (the difference is in a redacted or shortened part)",
        " (разница в скрытой или сокращённой части)";
    MORE_CHARACTERS = "… ({n} more [n|character|characters])", "… (ещё {n} [n|знак|знака|знаков])";
    TARGET_NUMBER = "{n} [n|target|targets]", "{n} [n|норматив|норматива|нормативов]";
    BUSINESS_DAYS = "{n} business [n|day|days]", "{n} раб. [n|день|дня|дней]";
    OWNERSHIP_KEY = "ownership key: {before}{arrow}{after}", "ключ владения: {before}{arrow}{after}";
    ARCHIVED = "will be archived in the helpdesk", "будет убрано в архив хелпдеска";
    RESTORED = "will be restored from the archive of the helpdesk", "будет возвращено из архива хелпдеска";
    APPLIED_AFTER = "applied only after {other} is confirmed", "применяется только после подтверждения {other}";
    APPLIED_AFTER_ELSEWHERE = "applied only after {other} is confirmed in the helpdesk {helpdesk}",
        "применяется только после подтверждения {other} в хелпдеске {helpdesk}";

    DEACTIVATES = "deactivates", "отключение";
    WEAKENS = "weakens", "ослабление";
    RETIRES = "retires", "вывод из действия";
    MOVES = "moves", "переезд";
    ADOPTS = "adopts", "принятие под управление";
    SHORTENS = "shortens", "сокращение срока";
    OVERWRITES = "overwrites", "перезапись текста";
    DUPLICATES = "duplicates", "дубль";
    NO_REQUESTS = "clients can no longer make requests under this agreement",
        "клиенты больше не смогут обращаться по этому соглашению";
    DOCUMENT_GONE = "its document no longer exists", "файла соглашения больше нет";
    LIVES_ELSEWHERE = "by the files it lives in the helpdesk {helpdesk}", "по файлам оно живёт в хелпдеске {helpdesk}";
    NONE_MANAGED_BEFORE = "Servanda did not manage their objects before", "раньше Servanda не управляла их объектами";
    NOT_MANAGED_BEFORE = "Servanda did not manage {object} before", "раньше Servanda не управляла объектом {object}";
    ENDS_EARLIER = "it will end earlier than in the helpdesk now", "закончится раньше, чем сейчас указано в хелпдеске";
    TEXT_OF_PEOPLE = "text that people wrote in the helpdesk: {fields}", "текст, написанный людьми в хелпдеске: {fields}";
    DUPLICATE_OF = "{other} is active for the same recipients and services, and no longer in the files; if it moved, write {key}",
        "{other} действует для тех же получателей и услуг, но в файлах его больше нет; если соглашение переехало, добавьте {key}";
    NOT_COVERED = "{service} is no longer covered", "{service} больше не входит";
    LOSES_ACCESS = "{unit} loses access", "{unit} теряет доступ";
    MOVES_TO = "{before} loses access: the client is now {after}", "{before} теряет доступ: теперь клиент — {after}";
    /// After the name of the risk, in the genitive.
    SERVICE_LEVELS = "{n} service [n|level|levels]", "{n} [n|норматива|нормативов|нормативов]";

    VERDICT_RED_LINES = "{n} red [n|line|lines]", "{n} [n|опасная строка|опасные строки|опасных строк]";
    VERDICT_DEACTIVATED = "{n} deactivated", "{n} [n|отключение|отключения|отключений]";
    VERDICT_WEAKENED = "{n} service [n|level|levels] weakened",
        "{n} [n|ослабленный норматив|ослабленных норматива|ослабленных нормативов]";
    VERDICT_RETIRED = "{n} retired", "{n} [n|вывод|вывода|выводов] из действия";
    VERDICT_MOVED = "{n} moved to another helpdesk", "{n} [n|переезд|переезда|переездов] в другой хелпдеск";
    VERDICT_SHORTENED = "{n} shortened", "{n} [n|сокращение|сокращения|сокращений] срока";
    VERDICT_OVERWRITTEN = "{n} [n|text|texts] overwritten", "{n} [n|перезапись|перезаписи|перезаписей] текста";
    VERDICT_DUPLICATED = "{n} [n|duplicate|duplicates]", "{n} [n|дубль|дубля|дублей]";
    VERDICT_ADOPTED = "{n} adopted", "{n} [n|принятие|принятия|принятий] под управление";
    NO_CHANGES = "no changes", "изменений нет";
    NO_OWN_CHANGES = "no changes by this pull request", "этот запрос на слияние ничего не меняет";
    NOTHING_TO_APPLY = "no changes to apply", "применять нечего";
    NO_RISKS = "no risks", "рисков нет";
    TO_CREATE = "{n} to create", "создать {n}";
    TO_CHANGE = "{n} to change", "изменить {n}";
    TO_RETIRE = "{n} to retire", "вывести {n}";
    TO_MOVE = "{n} to move to another helpdesk", "перенести в другой хелпдеск {n}";
    WAITING = "{n} awaiting acknowledgement", "ждут подтверждения: {n}";
    BLOCKED_NUMBER = "{n} blocked", "заблокировано: {n}";
    DRIFT_KEPT = "{n} with drift not corrected", "с неисправленным расхождением: {n}";
    UNCHANGED = "{n} unchanged", "без изменений: {n}";
    TO_ACTIVATE = "{n} to activate", "включить {n}";
    TO_DEACTIVATE = "{n} to deactivate", "отключить {n}";
    ACTIVE_AT_ONCE = "{n} active at once", "сразу действуют: {n}";
    LAST_LINE = "Plan: {parts}.", "План: {parts}.";
    LAST_LINE_NOTHING = "No changes to apply: {parts}.", "Применять нечего: {parts}.";
    ALL_MATCH = "No changes. {n} [n|agreement matches|agreements match] the helpdesk.",
        "Изменений нет. [n|Совпадает с хелпдеском|Совпадают с хелпдеском|Совпадают с хелпдеском]: {n} [n|соглашение|соглашения|соглашений].";
    NONE_SHOWN = "No changes in this selection.", "В этой выборке изменений нет.";
    ON_BASE_ONLY_RISKS = "on the base as well: {risks}", "есть и в базе: {risks}";
    ON_BASE = "{n} more on the base as well{dated}{risks}", "ещё {n} есть и в базе{dated}{risks}";
    ALL_BY_DATE = ", by the date", ", по дате";
    SOME_BY_DATE = ", {n} by the date", ", из них по дате: {n}";
    OWN_AND_BASE = "The pull request changes {own}; {base}.", "Этот запрос на слияние меняет {own}; {base}.";
    HELPDESK = "Helpdesk {helpdesk}", "Хелпдеск {helpdesk}";
    UNAVAILABLE = "Not available: {why}", "Недоступен: {why}";
    ALL_HELPDESKS = "{n} [n|change|changes] in {helpdesks} [helpdesks|helpdesk|helpdesks]",
        "{n} [n|изменение|изменения|изменений] в {helpdesks} [helpdesks|хелпдеске|хелпдесках|хелпдесках]";
    UNAVAILABLE_NUMBER = "; {n} [n|helpdesk is|helpdesks are] not available, and left as [n|it is|they are]",
        "; {n} [n|хелпдеск недоступен и остаётся|хелпдеска недоступны и остаются|хелпдесков недоступны и остаются] как есть";
    HEADER = "Plan as of {day}", "План на {day}";
    HEADER_PLACE = " ({zone}) for {helpdesk}", " ({zone}), хелпдеск: {helpdesk}";
    COMMIT = ", commit {commit}", ", коммит {commit}";
    FACTS = "As of {day} ({zone}) for {helpdesk}", "На {day} ({zone}), хелпдеск: {helpdesk}";
    FACT_COMMIT = " · commit {commit}", " · коммит {commit}";
    FACT_BASE = " · base {commit}", " · база {commit}";
    RESTRICTED = "Restricted to {selection} ({n} [n|agreement|agreements]); all others are left as they are.",
        "Только {selection} ({n} [n|соглашение|соглашения|соглашений]); остальные не затрагиваются.";
    EXCERPT = "Only {selection} is shown; `apply` takes the whole saved plan.",
        "Показано только {selection}; `apply` применяет весь сохранённый план.";

    NOTICES_AT_MOST = "Notices about these changes, at most (no ledger was read)",
        "Уведомления об этих изменениях, не более (журнал отправленного не прочитан)";
    NOTICES = "Notices that the run would send", "Уведомления, которые отправит запуск";
    NOTICE_NUMBER = "{n} [n|notice|notices] {to}", "{n} [n|уведомление|уведомления|уведомлений] {to}";
    NOTICE_FURTHER = "{n} {to}", "{n} {to}";
    TO_CLIENTS = "to clients", "клиентам";
    TO_MANAGERS = "to managers", "менеджерам";
    TO_ADDRESSES = "to addresses of agreements", "на адреса из соглашений";
    TO_CHANNELS = "to channels", "в каналы";
    ABOUT_AGREEMENTS = "{event}: {parts}, about {n} [n|agreement|agreements]",
        "{event}: {parts}, о {n} [n|соглашении|соглашениях|соглашениях]";
    NOTICES_ON_BASE = "; {n} of them on the base as well", "; из них и в базе тоже: {n}";
    AMENDED = ", to recipients who were sent another day", ", тем, кому сообщали другую дату";

    OTHER_CHANGES = "{n} other [n|change|changes]; `servanda plan` shows each",
        "{n} [n|другое изменение|других изменения|других изменений]; все покажет `servanda plan`";
    SECTION_AWAITING = "Changes awaiting acknowledgement", "Изменения, которые ждут подтверждения";
    SECTION_EDIT = "Changes", "Изменения";
    SECTION_OTHER = "Changes not caused by this pull request", "Изменения не из этого запроса на слияние";
    SECTION_DATE = "Changes caused by the date", "Изменения по дате";
    SECTION_DRIFT = "Drift: edited in the helpdesk since the last apply",
        "Расхождения: правки в хелпдеске после последнего применения";
    OTHER_WARNING = "These changes are on the base as well, and the apply after the merge makes them too: an earlier merge was not applied.",
        "Эти изменения есть и в базе, и применение после слияния выполнит их тоже: одно из прежних слияний не было применено.";
    AWAITING = "Awaiting acknowledgement", "Ждут подтверждения";
    BLOCKED = "Blocked", "Заблокированы";
    BLOCKED_ASIDE = "Blocked, not by this pull request", "Заблокированы не из-за этого запроса на слияние";
    EMBEDDED_HELPDESK = "the embedded helpdesk", "встроенный";
    A_SNAPSHOT = "a snapshot", "снимок";
    NOTES = "Notes", "Примечания";

    EDITED_BY = "{parts} by {person}, {when}", "{parts}: {person}, {when}";
    EDITED_WHEN = "{parts}: last modified {when}, author unknown", "{parts}: изменено {when}, автор неизвестен";
    NOT_CORRECTED = "not corrected: the settings only report drift of {part}",
        "не исправляется: по настройкам о расхождении в «{part}» только сообщается";
    CORRECTED_ABOVE = "corrected by the change above", "исправляется изменением выше";
    NOT_APPLIED = "its correction awaits acknowledgement, see below", "исправление ждёт подтверждения, см. ниже";
    SAME_EDIT = "the same edit as of {other}", "та же правка, что у {other}";

    /// The number that a guard counted, and its limit.
    GUARD = "{counted}; the limit is {limit}", "{counted}; допустимо {limit}";
    GUARD_DEACTIVATIONS = "{n} [n|agreement|agreements] would be deactivated",
        "{n} [n|соглашение было бы отключено|соглашения были бы отключены|соглашений было бы отключено]";
    GUARD_WEAKENED = "{n} service [n|level|levels] would be weakened",
        "{n} [n|норматив был бы ослаблен|норматива были бы ослаблены|нормативов было бы ослаблено]";
    GUARD_ENDED = "{n} active [n|agreement|agreements] would be over at once",
        "{n} [n|действующее соглашение закончилось бы сразу|действующих соглашения закончились бы сразу|действующих соглашений закончилось бы сразу]";
    GUARD_OVERWRITTEN = "{n} [n|text|texts] of people would be overwritten",
        "{n} [n|текст, написанный людьми, был бы перезаписан|текста, написанных людьми, были бы перезаписаны|текстов, написанных людьми, было бы перезаписано]";
    GUARD_VANISHED = "{n} applied [n|agreement no longer exists|agreements no longer exist] in the helpdesk",
        "{n} [n|применённого соглашения больше нет|применённых соглашений больше нет|применённых соглашений больше нет] в хелпдеске";
    GUARD_ORPHANS = "{n} [n|agreement without a document|agreements without documents] would be retired",
        "{n} [n|соглашение без файла было бы выведено|соглашения без файлов были бы выведены|соглашений без файлов было бы выведено] из действия";
    GUARD_ENDED_HELP = "; to end later, set {key} or a {other} on a day to come",
        "; чтобы закончить позже, задайте {key} или {other} на будущий день";
    GUARD_OTHER_NUMBER = "; {number} was acknowledged, but the number differs", "; подтверждено {number}, но теперь число другое";
    GUARD_ON_BASE = "; all of it is on the base as well, and is not to be acknowledged with this pull request",
        "; всё это есть и в базе, и подтверждать это в этом запросе на слияние не нужно";
    GUARD_OPTION = "; to acknowledge, add {option}", "; чтобы подтвердить, добавьте {option}";
    AWAITS_GUARD = "awaits acknowledgement: {guard}", "ждёт подтверждения: {guard}";
    DEPENDS = "depends on another change", "зависит от другого изменения";
    ON_BASE_TOO = ", on the base as well", ", есть и в базе";
}
