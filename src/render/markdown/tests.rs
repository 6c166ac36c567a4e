use super::{Budget, Forge, comments};
use crate::envelope::GuardedPlan;
use crate::render::encode::corpus::{is_clean, is_obeyed, live_in_markdown, payloads};
use crate::render::plan::sample;
use crate::render::plan::tests::hostile_envelope;

fn shown(envelope: &GuardedPlan) -> String {
    comments(envelope, Budget::comment(Forge::GitHub)).concat()
}

#[test]
fn nothing_to_do_is_said_in_a_line() {
    let plan = sample::plan(Vec::new());
    let envelope = GuardedPlan::new(&plan, plan.clone(), Vec::new());
    insta::assert_snapshot!(shown(&envelope), @r##"
    ### Plan: nothing to do

    12 unchanged

    As of 2026-09-01 (`Europe/Moscow`) for `https://acme.itsm365.com/sd` · commit `abc1234def` · Servanda `0.1.0`
    "##);
}

#[test]
fn a_plan_is_told_in_the_order_of_importance() {
    let envelope = crate::render::plan::tests::busy_envelope();
    insta::assert_snapshot!(shown(&envelope), @r##"
    ### Plan: 1 deactivated, 2 promises weakened, 1 shortened

    1 to create, 3 to change · 1 waiting, 2 blocked · 1 client · 12 unchanged

    As of 2026-09-01 (`Europe/Moscow`) for `https://acme.itsm365.com/sd` · commit `abc1234def` · Servanda `0.1.0`

    #### Waiting for an acknowledgement

    - 2 promises become less, and the limit is 0

    If that is meant, end the message of the merge commit with:

    ```
    Servanda-Accept: weakened=2
    ```

    #### Risks (3)

    | agreement | client | risk | |
    |---|---|---|---|
    | `polyus-2025` | `severny-veter` | **deactivates** | date |
    | `dental-2026/dent-mayak` | `severny-veter` | **weakens**: `Удалённый доступ (VPN)` is no longer covered, less is promised for `critical` | waits for `weakened` |
    | `romashka` | `severny-veter` | **shortens** | drift |

    #### AwaitingAcknowledgement back (1)

    <details open><summary><code>severny-veter</code>: 1 agreement</summary>

    **\~** **`dental-2026/dent-mayak`** `Стоматология «Маяк»: support-standard`  stays active

    - ⚠ **weakens**: `Удалённый доступ (VPN)` is no longer covered
    - ⚠ **weakens**: less is promised for `critical`
    - `number`: `ДО-2026/017` → `ДО-2026/018`
    - `services`: \+`Рабочие места` \[`slmService$605007`\], −`Удалённый доступ (VPN)` \[`slmService$605006`\] (1 stays)
    - `targets`
      - \~ `critical`: response 30m → 1h, resolution 4h, hours the agreement's → `24x7`
      - − `Электронная почта / critical`: response 15m → none, resolution 2h → none
    - `attributes.comment`: `Поддержка рабочих мест` ~~`по будням,`~~**`круглосуточно,`** `вопросы к i…@acme.example`

    </details>

    #### Changes (1)

    <details open><summary><code>severny-veter</code>: 1 agreement</summary>

    **\+** **`severny-veter`** `Северный ветер: support-standard` is created planned: its first day 2026-10-01 has not come

    - `first_day`: 2026-10-01
    - `last_day`: 2027-09-30
    - `manager`: `Ирина Петрова` \[`employee$12`\]
    - `services`: `Электронная почта` \[`slmService$605005`\], `Удалённый доступ (VPN)` \[`slmService$605006`\]
    - `targets`
      - \+ `critical`: response 30m, resolution 4h
      - \+ `normal`: response 4h, resolution 2 business days

    </details>

    #### Because the date moved (2)

    <details open><summary><code>severny-veter</code>: 2 agreements</summary>

    **▼** **`polyus-2025`** `АО «Полюс»` expires: its last day has passed

    - ⚠ **deactivates**: clients can no longer ask for anything under it
    - state: `active` → `inactive` *(date)*
    - only after `polyus-2026` is confirmed

    **▲** **`polyus-2026`** `АО «Полюс»` becomes active: today is within its period

    - state: `planned` → `active` *(date)*

    </details>

    #### Changed by hand in the helpdesk (1)

    <details open><summary><code>severny-veter</code>: 1 agreement</summary>

    **\~** **`romashka`** `Ромашка`  stays active

    - ⚠ **shortens**: it ends earlier than the helpdesk has it
    - `last_day`: open-ended → 2026-12-31 *(drift)*

    </details>

    #### Blocked (2)

    - **`orion`**: the helpdesk has nothing for `telephony`, looked for as `Телефония`  
      → write its id under `helpdesk:` in `catalog.yaml`
    - **`vega-2024`**: its document is gone; the helpdesk still has `ООО «Вега»` in state `active` (`agreement$605333`)  
      → bring the document back, name this id under `formerly:` where it was renamed, or run with `--prune` to retire it

    #### Notes

    - the helpdesk does not carry `provider`, so it is compared on neither side
    - `email` is `Почта` in the catalog and `Электронная почта` in the helpdesk; nothing follows, since it is known by its id
    - 3 agreements of the helpdesk bear no mark of ours and are left alone
    "##);
}

#[test]
fn nothing_that_somebody_wrote_is_live() {
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
fn the_checks_would_see_what_is_live() {
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
