//! A title becomes a slug: Cyrillic and accented letters by their usual Latin ones, legal forms left out.
//!
//! The letters follow the passports and signs that people know (щ is shch, ц is ts), without their dots and dashes.
//! A slug that a catalog has once is never made again, so that this table may change.

/// The longest slug that is made; people may write longer ones.
const LONGEST: usize = 48;

/// Words that say what a company is by law and not what it is called.
const LEGAL_FORMS: [&str; 24] = [
    "ооо", "оао", "зао", "пао", "ао", "нао", "ип", "тоо", "чп", "фгуп", "гуп", "муп", "анo", "ано", "нко",
    "gmbh", "ag", "ltd", "llc", "inc", "llp", "oü", "sia", "uab",
];

/// Cyrillic letters of Russian and its neighbours, and Latin ones with marks.
const LETTERS: [(char, &str); 84] = [
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "y"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', ""),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "yu"),
    ('я', "ya"),
    ('і', "i"),
    ('ї', "yi"),
    ('є', "ye"),
    ('ґ', "g"),
    ('ў', "u"),
    ('ә', "a"),
    ('ғ', "g"),
    ('қ', "k"),
    ('ң', "n"),
    ('ө', "o"),
    ('ұ', "u"),
    ('ү', "u"),
    ('һ', "h"),
    ('ä', "ae"),
    ('ö', "oe"),
    ('ü', "ue"),
    ('ß', "ss"),
    ('á', "a"),
    ('à', "a"),
    ('â', "a"),
    ('ã', "a"),
    ('å', "a"),
    ('ā', "a"),
    ('ą', "a"),
    ('ç', "c"),
    ('č', "c"),
    ('ć', "c"),
    ('é', "e"),
    ('è', "e"),
    ('ê', "e"),
    ('ë', "e"),
    ('ė', "e"),
    ('ę', "e"),
    ('ě', "e"),
    ('í', "i"),
    ('î', "i"),
    ('ï', "i"),
    ('ł', "l"),
    ('ñ', "n"),
    ('ń', "n"),
    ('ó', "o"),
    ('ô', "o"),
    ('õ', "o"),
    ('ø', "o"),
    ('ř', "r"),
    ('š', "s"),
    ('ś', "s"),
    ('ú', "u"),
    ('ů', "u"),
    ('ž', "z"),
    ('ż', "z"),
];

/// The slug of a company, a service, or anything else that is called by a few words; empty where no letter can be
/// spelled.
pub fn slug_of(title: &str) -> String {
    let words = words(title);
    let named: Vec<&String> = words.iter().filter(|word| !LEGAL_FORMS.contains(&word.as_str())).collect();
    // A company may be called nothing but a legal form.
    let named = if named.is_empty() { words.last().into_iter().collect() } else { named };
    let mut slug = String::new();
    for word in named.into_iter().map(|word| latin(word)).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() + 1 > LONGEST && !slug.is_empty() {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(LONGEST));
    }
    slug
}

/// The slug of a person: the first letter of the given name, and the surname.
pub fn slug_of_person(name: &str) -> String {
    let words = words(name);
    let (given, surname) = match &words[..] {
        // With a patronymic, the surname stands first, or last.
        [surname, given, patronymic] if is_patronymic(patronymic) => (given, surname),
        [given, patronymic, surname] if is_patronymic(patronymic) => (given, surname),
        [given, .., surname] => (given, surname),
        _ => return slug_of(name),
    };
    match latin(given).chars().next() {
        Some(initial) => format!("{initial}.{}", latin(surname)),
        None => latin(surname),
    }
}

fn is_patronymic(word: &str) -> bool {
    ["ович", "евич", "ьич", "овна", "евна", "ична"].iter().any(|ending| word.ends_with(ending))
}

/// The words of a title in lower case: runs of letters and digits. An apostrophe parts none.
fn words(title: &str) -> Vec<String> {
    let lower: String = super::composed(title)
        .to_lowercase()
        .chars()
        .filter(|letter| !matches!(letter, '\'' | '’' | '`' | '\u{306}'))
        .collect();
    let parts = lower.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A word in plain Latin letters; what has none is left out. Of an adjective's `ый` and `ий` one letter stays.
fn latin(word: &str) -> String {
    let stem =
        ["ый", "ий"].iter().find_map(|ending| word.strip_suffix(ending)).filter(|stem| !stem.is_empty());
    let mut latin = String::new();
    for letter in stem.unwrap_or(word).chars() {
        if letter.is_ascii_alphanumeric() {
            latin.push(letter);
        } else if let Some((_, written)) = LETTERS.iter().find(|(known, _)| *known == letter) {
            latin.push_str(written);
        }
    }
    if stem.is_some() {
        latin.push('y');
    }
    latin
}

/// The stem, and then the stem with each number from 2 on.
pub fn numbered(stem: &str) -> impl Iterator<Item = String> + '_ {
    std::iter::once(stem.to_owned()).chain((2..).map(move |count| format!("{stem}-{count}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{slug_of, slug_of_person};
    use crate::ident::is_slug;

    #[test]
    fn titles_become_what_people_would_type() {
        for (title, slug) in [
            ("ООО «Северный ветер»", "severny-veter"),
            ("АО «Портовик»", "portovik"),
            ("Электронная почта", "elektronnaya-pochta"),
            ("Удалённый доступ (VPN)", "udalenny-dostup-vpn"),
            ("Brückner Logistik GmbH", "brueckner-logistik"),
            ("Сеть и Wi-Fi", "set-i-wi-fi"),
            ("Гимназия № 5", "gimnaziya-5"),
            ("24x7", "24x7"),
            ("Щёлковский объезд", "shchelkovsky-obezd"),
            ("ООО", "ooo"),
            ("ООО «ООО»", "ooo"),
            ("日本", ""),
            ("Северныи\u{306}", "severny"),
        ] {
            assert_eq!(slug_of(title), slug, "{title}");
        }
    }

    #[test]
    fn people_are_called_by_initial_and_surname() {
        for (name, slug) in [
            ("Ирина Петрова", "i.petrova"),
            ("Петрова Ирина Ивановна", "i.petrova"),
            ("Ирина Ивановна Петрова", "i.petrova"),
            ("Maria Weber", "m.weber"),
            ("Дежурный", "dezhurny"),
        ] {
            assert_eq!(slug_of_person(name), slug, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_slug_of_any_title_is_valid_or_empty(title in "\\PC{0,80}") {
            for slug in [slug_of(&title), slug_of_person(&title)] {
                prop_assert!(slug.is_empty() || is_slug(&slug), "{slug}");
            }
        }
    }
}
