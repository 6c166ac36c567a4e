//! The texts of blocked agreements, of notes, and of what a pull request changes besides agreements.

texts! {
    UNRESOLVED = "no object in the helpdesk matches {slug} (searched for {wanted})",
        "в хелпдеске нет объекта для {slug} (искали {wanted})";
    AMBIGUOUS = "{n} [n|object|objects] in the helpdesk match {slug} (searched for {wanted})",
        "в хелпдеске {n} [n|объект|объекта|объектов] для {slug} (искали {wanted})";
    UNREADABLE = "cannot read the helpdesk's data: {why}", "не удалось прочитать данные хелпдеска: {why}";
    SAME_KEY = "{n} [n|object has|objects have] its ownership key: {objects}",
        "ключ владения соглашения — у {n} [n|объекта|объектов|объектов]: {objects}";
    ORPHAN = "its document no longer exists, but the helpdesk still contains {title} ({object}) in state {state}",
        "файла соглашения больше нет, а в хелпдеске ещё есть {title} ({object}) в состоянии {state}";
    CANNOT_ADOPT = "cannot adopt {object}: it does not exist, or another agreement owns it",
        "нельзя принять под управление {object}: объекта нет, или он принадлежит другому соглашению";
    GUARDED = "stopped by the guard {guard} until its exact number is acknowledged",
        "остановлено предохранителем {guard}, пока не подтверждено точное число";
    WAITS = "depends on {other}, which is itself blocked", "зависит от {other}, а оно само заблокировано";
    ARCHIVED = "its object {object} is archived in the helpdesk", "его объект {object} в архиве хелпдеска";
    ELSEWHERE = "stays as it is until {other} is confirmed in the helpdesk {helpdesk}, which is not possible now",
        "остаётся как есть, пока {other} не подтвердится в хелпдеске {helpdesk}, а сейчас это невозможно";
    ADD_ID = "add the right id under {key} in catalog.yaml and check that the login may see the object",
        "впишите верный идентификатор в {key} в каталоге и проверьте, что ключ видит этот объект";
    ADD_RIGHT_ID = "add the id of the right one under {key} in catalog.yaml",
        "впишите идентификатор нужного в {key} в каталоге";
    CHECK_OBJECT = "check the object in the helpdesk, and the mapping {key} in servanda.yaml",
        "проверьте объект в хелпдеске и соответствие {key} в настройках";
    CLEAR_KEY = "clear the ownership key on all but one of them in the helpdesk",
        "очистите в хелпдеске ключ владения у всех объектов, кроме одного";
    RESTORE_DOCUMENT = "restore the document; if it was renamed, list this id under {key}; to retire the agreement, run with {option}",
        "верните файл; если его переименовали, впишите этот идентификатор в {key}; чтобы вывести соглашение из действия, запустите с {option}";
    CHECK_ADOPTS = "check {key} in its file", "проверьте {key} в его файле";
    ACKNOWLEDGE = "acknowledge the number", "подтвердите число";
    UNBLOCK_OTHER = "unblock {other} first", "сначала разблокируйте {other}";
    UNBLOCK_ELSEWHERE = "make {helpdesk} available, and unblock {other} there",
        "сделайте хелпдеск {helpdesk} доступным и разблокируйте в нём {other}";
    RESTORE_OBJECT = "restore the object in the helpdesk, or set {key} in servanda.yaml",
        "верните объект из архива хелпдеска или задайте {key} в настройках";

    NO_CHANNEL = "servanda.yaml names no channel; write {mail}, {webhook} or, for ITSM 365, {notices}",
        "в настройках нет ни одного канала; задайте {mail}, {webhook} или, для хелпдеска с модулем, {notices}";
    NOTICES_NOT_SENT = "{n} [n|notice is|notices are] not sent: {why}", "{n} [n|уведомление не отправляется|уведомления не отправляются|уведомлений не отправляется]: {why}";
    OTHER_TITLE = "{slug} is titled {catalog} in the catalog and {helpdesk} in the helpdesk; it is matched by its id, so nothing changes",
        "{slug} называется {catalog} в каталоге и {helpdesk} в хелпдеске; сопоставление идёт по идентификатору, поэтому ничего не меняется";
    UNMANAGED = "{n} [n|agreement in the helpdesk has|agreements in the helpdesk have] no ownership key, so Servanda does not manage [n|it|them]",
        "в хелпдеске {n} [n|соглашение без ключа владения, Servanda им|соглашения без ключа владения, Servanda ими|соглашений без ключа владения, Servanda ими] не управляет";
    HOURS_NOT_CARRIED = "the helpdesk does not store hours per service, so they are not compared: {ids}",
        "хелпдеск не хранит часы отдельных услуг, поэтому они не сравниваются: {ids}";
    RECIPIENTS_NOT_CARRIED = "the helpdesk stores one recipient only, so further ones are not compared: {ids}",
        "хелпдеск хранит только одного получателя, поэтому остальные не сравниваются: {ids}";
    OVER_AND_ABSENT = "already ended and not in the helpdesk, so not created: {ids}",
        "уже закончилось, в хелпдеске его нет, поэтому не создаётся: {ids}";
    NOT_CARRIED = "{field} is not compared: the helpdesk does not store it",
        "{field} не сравнивается: хелпдеск этого не хранит";

    COMPARED = "compared with {base}: {n} [n|document|documents] changed",
        "в сравнении с {base}: [n|изменён|изменены|изменено] {n} [n|файл|файла|файлов]";
    INDIRECT = ", {n} [n|agreement|agreements] affected indirectly", ", косвенно затронуто соглашений: {n}";
    BEHIND = "; the branch is {n} [n|commit|commits] behind, and this is the plan of the merge",
        "; ветка отстаёт на {n} [n|коммит|коммита|коммитов], поэтому это план слияния";
    RED_LINE = "red line: {line}", "опасная строка: {line}";
    BASE_CHANGES = "{n} [n|change is|changes are] on the base as well, without this pull request: {ids}",
        "{n} [n|изменение есть|изменения есть|изменений есть] и в базе, без этого запроса на слияние: {ids}";
    TEXTS = "{n} [n|kind of mail reads|kinds of mail read] differently, with sample values:",
        "{n} [n|вид писем читается|вида писем читаются|видов писем читаются] иначе, на примере:";
    TEXTS_FIRST = "{n} [n|kind of mail reads|kinds of mail read] differently, with sample values; the first {m}:",
        "{n} [n|вид писем читается|вида писем читаются|видов писем читаются] иначе, на примере; первые {m}:";
    RED_SETTINGS = "the settings differ; this plan uses those of {base}, and a merge makes the new ones effective",
        "настройки отличаются; этот план составлен по настройкам из {base}, новые вступят в силу после слияния";
    RED_TRUSTED = "this file defines how Servanda runs; a merge makes the change effective",
        "этот файл определяет, как работает Servanda; изменение вступит в силу после слияния";
    RED_GIT = "git reads this file, or may take its folder for a repository; it can make git run other programs",
        "этот файл читает git, или его папка может сойти за репозиторий; он может заставить git запустить другие программы";
    RED_LINK = "this is a symbolic link, which may lead outside the repository",
        "это символическая ссылка, она может вести за пределы репозитория";
    RED_NOTICE = "this text is sent to clients; a merge makes the change effective",
        "этот текст отправляется клиентам; изменение вступит в силу после слияния";
    RED_ACKNOWLEDGEMENT = "the message of this commit acknowledges {number}, and the merge may take it over",
        "сообщение этого коммита подтверждает {number}, и слияние может его перенять";
    RED_CONTACT = "{entry} is no contact of the client: it refers to {after}",
        "{entry} — не контакт клиента: указывает на {after}";
    RED_NEW = "{entry} is new and refers to {after}", "{entry} — новая запись, указывает на {after}";
    RED_ADDRESS = "{entry} has another address", "у {entry} другой адрес";
    RED_OTHER = "{entry} refers to {after} instead of {before}", "{entry} указывает на {after} вместо {before}";
    OBJECT_TITLED = "the object titled {title}", "объект с названием {title}";
    AN_ADDRESS = "an address", "почтовый адрес";
}
