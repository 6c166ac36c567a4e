//! The files of the ledger's branch: one for each key, and how git prints them.

/// The path of a key's file. One key may be the prefix of another: files end in `.json`, and folders never do.
pub(super) fn path_of(key: &str) -> String {
    let (folders, name) = key.rsplit_once('/').map_or((None, key), |(folders, name)| (Some(folders), name));
    let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let folders = folders
        .map(|folder| if looks_like_file(folder) { format!("{folder}+/") } else { format!("{folder}/") });
    folders.collect::<String>() + name + ".json"
}

fn looks_like_file(folder: &str) -> bool {
    folder.trim_end_matches('+').strip_suffix(".json").is_some()
}

pub(super) fn key_of(path: &str) -> Option<String> {
    let (folders, name) = path.rsplit_once('/').map_or((None, path), |(folders, name)| (Some(folders), name));
    let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
    let folders = folders.map(|folder| {
        let is_escaped = folder.ends_with('+') && looks_like_file(folder);
        format!("{}/", if is_escaped { &folder[..folder.len() - 1] } else { folder })
    });
    Some(folders.collect::<String>() + name.strip_suffix(".json")?)
}

/// The next object in the output of `cat-file --batch`: its id, its content, and the rest of the output.
pub(super) fn next_object(output: &[u8]) -> Option<(String, String, &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut words = head.split(' ');
    let (blob, size) = (words.next()?.to_owned(), words.nth(1)?.parse::<usize>().ok()?);
    let content = output.get(end + 1..end + 1 + size)?;
    Some((blob, String::from_utf8_lossy(content).into_owned(), output.get(end + 2 + size..)?))
}
