//! The texts of the frame of a comment and of the page.

texts! {
    PLAN = "Plan: {verdict}", "План: {verdict}";
    PART = "Plan, part {n} of {all}: risks, continued", "План, часть {n} из {all}: риски, продолжение";
    JOB = "job", "задание";
    WHOLE_PLAN = "whole plan", "план целиком";
    REPORT = "report of all agreements", "отчёт по всем соглашениям";
    TOO_LONG = "The plan is too long for a comment. The job summary and the saved plan contain all of it.",
        "План слишком длинный для комментария. Он целиком есть в сводке задания и в сохранённом плане.";
    OMITTED = "The job summary and the saved plan contain everything; `servanda show` displays a saved plan.",
        "Полностью всё есть в сводке задания и в сохранённом плане; сохранённый план показывает `servanda show`.";
    CHANGED_LINES = "Changed lines of templates", "Изменённые строки шаблонов";
    TO_ACKNOWLEDGE = "To acknowledge, end the message of the merge commit with:",
        "Чтобы подтвердить, добавьте в конец сообщения коммита слияния:";
    RISKS = "Risks", "Риски";
    RED_LINES = "Red lines", "Опасные строки";
    RED_LINES_OF = "{path}, {n} [n|line|lines]:", "{path}, {n} [n|строка|строки|строк]:";
    TEXTS_OF_NOTICES = "Texts of notices, with sample values", "Тексты уведомлений, на примере";
    WITHOUT_DOCUMENT = "without a document", "без файла";
    MORE_AGREEMENTS = "… {n} more [n|agreement|agreements]", "… ещё {n} [n|соглашение|соглашения|соглашений]";
    MORE_AGREEMENTS_OF = "… {n} more [n|agreement|agreements] of {c} [c|client|clients]",
        "… ещё {n} [n|соглашение|соглашения|соглашений] у {c} [c|клиента|клиентов|клиентов]";
    MORE_TEXTS = "… {n} more [n|text|texts]", "… ещё {n} [n|текст|текста|текстов]";
    MORE_NOTES = "… {n} more [n|note|notes]", "… ещё {n} [n|примечание|примечания|примечаний]";
    AGREEMENT = "agreement", "соглашение";
    CLIENT = "client", "клиент";
    RISK = "risk", "риск";
    CAUSE = "cause", "причина";
    FIELD = "field", "поле";
    BEFORE = "before", "было";
    AFTER = "after", "станет";
    ALL_OF_THEM = "all of them", "все соглашения";
    FIRST_OF_THEM = "the first {n} of {all}", "первые {n} из {all}";
    IN_SAVED_PLAN = "in the saved plan", "в сохранённом плане";
    IN_COMMENTS_BELOW = "in the comments below", "в комментариях ниже";
    FROM_NUMBER = ", from {n} on", ", начиная с {n}";
    ALL_ELSEWHERE = " all {n} are {place}", " все {n} — {place}";
    MORE_ELSEWHERE = " and {n} more, which are {place}", " и ещё {n} — {place}";
    FAILED = "Plan: failed", "План: не составлен";
    FAILED_TEXT = "The plan{commit} could not be made; see the job's log. The previous plan was of an earlier commit and has been removed.",
        "План{commit} составить не удалось; см. журнал задания. Прежний план относился к более раннему коммиту и удалён.";
    FOR_COMMIT = " for {commit}", " для {commit}";
    SUPERSEDED = "Superseded: a later plan is more severe. See the newer comment below.",
        "Заменён: новый план опаснее. См. комментарий ниже.";
    JOB_OF_PLAN = "Job that made this plan", "Задание, составившее план";

    PREVIEW = "Preview of {n} [n|message|messages]", "Предпросмотр: {n} [n|сообщение|сообщения|сообщений]";
    NONE_SENT = "None of them was sent.", "Ни одно не отправлено.";
    ACTIVATED = "begins", "начало действия";
    DEACTIVATED = "is no longer in force", "прекращение действия";
    EXPIRING = "ends soon", "скоро закончится";
    NOTICE_DEADLINE = "last day to give notice", "срок для отказа от продления";
    AMENDED = "dates changed", "изменение дат";
    RENEWED = "renewed", "продление";
    TO_CLIENT = "to the client", "клиенту";
    TO_MANAGER = "to the manager", "менеджеру";
    TO_ADDRESS = "to an address of the agreement", "на адрес из соглашения";
    TO_EVERYONE = "to the channel", "в канал";
}
