use super::{Budget, Forge, comments};
use crate::envelope::GuardedPlan;
use crate::render::encode::corpus::{is_clean, is_obeyed, live_in_markdown, payloads};
use crate::render::plan::sample;
use crate::render::plan::tests::hostile_envelope;

fn shown(envelope: &GuardedPlan) -> String {
    comments(envelope, Budget::comment(Forge::GitHub)).concat()
}

#[test]
fn a_plan_without_changes_is_three_lines() {
    let plan = sample::plan(Vec::new());
    let envelope = GuardedPlan::new(&plan, plan.clone(), Vec::new());
    insta::assert_snapshot!(shown(&envelope), @r"
    ### Plan: no changes

    12 unchanged

    As of 2026-09-01 (`Europe/Moscow`) for `https://acme.itsm365.com/sd` · commit `abc1234def` · Servanda `0.1.0`
    ");
}

#[test]
fn a_plan_is_written_in_order_of_severity() {
    let envelope = crate::render::plan::tests::busy_envelope();
    insta::assert_snapshot!(shown(&envelope), @r"
    ### Plan: 1 deactivated, 2 service levels weakened, 1 shortened

    1 to create, 3 to change · 1 awaiting acknowledgement, 2 blocked · 1 client · 12 unchanged

    As of 2026-09-01 (`Europe/Moscow`) for `https://acme.itsm365.com/sd` · commit `abc1234def` · Servanda `0.1.0`

    #### Awaiting acknowledgement

    - 2 service levels would be weakened; the limit is 0

    To acknowledge, end the message of the merge commit with:

    ```
    Servanda-Accept: weakened=2
    ```

    #### Risks (3)

    | agreement | client | risk | cause |
    |---|---|---|---|
    | `polyus-2025` | `severny-veter` | **deactivates** | date |
    | `dental-2026/dent-mayak` | `severny-veter` | **weakens**: `Удалённый доступ (VPN)` is no longer covered, the target for `critical` is weaker | awaits acknowledgement: `weakened` |
    | `romashka` | `severny-veter` | **shortens** | drift |

    #### Changes awaiting acknowledgement (1)

    <details open><summary><code>severny-veter</code>: 1 agreement</summary>

    **\~** **`dental-2026/dent-mayak`** `Стоматология «Маяк»: support-standard`  stays active

    - ⚠ **weakens**: `Удалённый доступ (VPN)` is no longer covered
    - ⚠ **weakens**: the target for `critical` is weaker
    - `number`: `ДО-2026/017` → `ДО-2026/018`
    - `services`: \+`Рабочие места` \[`slmService$605007`\], −`Удалённый доступ (VPN)` \[`slmService$605006`\] (1 unchanged)
    - `targets`
      - \~ `critical`: response 30m → 1h, resolution 4h, hours the agreement's → `24x7`
      - − `Электронная почта / critical`: response 15m → none, resolution 2h → none
    - `attributes.comment`: `Поддержка рабочих мест` ~~`по будням,`~~**`круглосуточно,`** `вопросы к i…@acme.example`

    </details>

    #### Changes (1)

    <details open><summary><code>severny-veter</code>: 1 agreement</summary>

    **\+** **`severny-veter`** `Северный ветер: support-standard` will be created with status planned: its first day 2026-10-01 is in the future

    - `first_day`: 2026-10-01
    - `last_day`: 2027-09-30
    - `manager`: `Ирина Петрова` \[`employee$12`\]
    - `services`: `Электронная почта` \[`slmService$605005`\], `Удалённый доступ (VPN)` \[`slmService$605006`\]
    - `targets`
      - \+ `critical`: response 30m, resolution 4h
      - \+ `normal`: response 4h, resolution 2 business days

    </details>

    #### Changes caused by the date (2)

    <details open><summary><code>severny-veter</code>: 2 agreements</summary>

    **▼** **`polyus-2025`** `АО «Полюс»` will expire: its last day has passed

    - ⚠ **deactivates**: clients can no longer make requests under this agreement
    - state: `active` → `inactive` *(date)*
    - applied only after `polyus-2026` is confirmed

    **▲** **`polyus-2026`** `АО «Полюс»` will become active: the date is within its period

    - state: `planned` → `active` *(date)*

    </details>

    #### Drift: edited in the helpdesk since the last apply (1)

    <details open><summary><code>severny-veter</code>: 1 agreement</summary>

    **\~** **`romashka`** `Ромашка`  stays active

    - ⚠ **shortens**: it will end earlier than in the helpdesk now
    - `last_day`: open-ended → 2026-12-31 *(drift)*

    </details>

    #### Blocked (2)

    - **`orion`**: no object in the helpdesk matches `telephony` (searched for `Телефония`)  
      → add its id under `helpdesk:` in `catalog.yaml`
    - **`vega-2024`**: its document no longer exists, but the helpdesk still contains `ООО «Вега»` (`agreement$605333`) in state `active`  
      → restore the document; if it was renamed, list this id under `formerly:`; to retire the agreement, run with `--prune`

    #### Notes

    - `provider` is not compared: the helpdesk does not store it
    - `email` is titled `Почта` in the catalog and `Электронная почта` in the helpdesk; it is matched by its id, so nothing changes
    - 3 agreements in the helpdesk have no ownership key, so Servanda does not manage them
    ");
}

#[test]
fn no_foreign_text_is_interpreted() {
    for payload in payloads() {
        let envelope = hostile_envelope(&payload);
        // The others differ from these two in nothing but their size.
        for forge in [Forge::GitHub, Forge::Bitbucket] {
            let text = comments(&envelope, Budget::comment(forge)).concat();
            assert!(is_clean(&text) && !is_obeyed(&text), "{payload:?}\n{text}");
            let live = live_in_markdown(&text);
            assert!(live.is_empty(), "{payload:?}: {live:?}\n{text}");
        }
    }
}

#[test]
fn the_check_detects_interpreted_text() {
    for text in [
        "@somebody",
        "#17",
        "see https://evil.example",
        "[x](https://evil.example)",
        "<b>x</b>",
        "a@evil.example",
        "<!-- x -->",
        "deadbeef1",
        "ABC-17",
        ":smile:",
        "`a` ` @x",
    ] {
        assert!(!live_in_markdown(text).is_empty(), "{text}");
    }
    assert!(live_in_markdown("### a\n\n- **b** `@c` ~~`#1`~~\n").is_empty());
}
