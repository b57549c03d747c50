//! Files of a real project, mentioned with `@`.

use crate::KB;
use crate::pty::{CTRL_U, DOWN, Desk, ENTER, ESC, TAB};

#[test]
fn files_are_completed_and_what_git_ignores_is_not_there() {
    let desk = Desk::with_model().kb(KB);
    desk.write(".gitignore", "dist/\n*.log\n");
    for name in [
        "src/pay.ts",
        "src/parse log.ts",
        "dist/pay.js",
        "pay.log",
        ".hidden/pay.md",
        "node_modules/pay/index.js",
    ] {
        desk.write(name, "x");
    }
    std::os::unix::fs::symlink("/", desk.path("loop")).unwrap();
    let app = desk.open();
    app.send("explain @pay");
    let screen = app.wait_text("▸ src/pay.ts");
    for other in ["dist/", "pay.log", ".hidden", "node_modules"] {
        assert!(!screen.has(other), "{other} is listed");
    }
    app.send(TAB);
    app.wait_for("the path", |screen| screen.draft() == "explain @src/pay.ts");
    app.send("and @");
    app.wait_text("▸ src/");
    app.send(ENTER);
    app.wait_for("the folder", |screen| screen.draft() == "explain @src/pay.ts and @src/");
    app.wait_text("▸ src/parse log.ts");
    app.send(DOWN);
    app.wait_text("▸ src/pay.ts");
    app.send("pars\t");
    app.wait_for("quotes", |screen| screen.draft() == "explain @src/pay.ts and @\"src/parse log.ts\"");
    assert!(desk.server().asked().is_empty(), "nothing was sent yet");
    app.send(ENTER);
    let asked = app.wait_asked(1);
    assert!(asked[0].body.to_string().contains("explain @src/pay.ts and @\\\"src/parse log.ts\\\""));
    app.wait_idle();
    app.send("@loo");
    app.wait_text("▸ loop");
    app.send(ESC);
    app.wait_gone("▸ loop");
    assert_eq!(app.screen().draft(), "@loo");
}

#[test]
fn a_mentioned_file_goes_along_and_its_text_stays_out_of_the_saved_session() {
    let desk = Desk::with_model().kb(KB);
    desk.write("src/pay.ts", "export const pay = 'zanzibar';\nexport const two = 2;\n");
    desk.write(".env", "KEY=timbuktu\n");
    let app = desk.open();
    app.send("explain @src/pay.ts:1 and what @Injectable does");
    app.send(ENTER);
    app.wait_text("+ src/pay.ts 1 · 31 bytes");
    let asked = app.wait_asked(1)[0].body.to_string();
    assert!(asked.contains("```text src/pay.ts lines 1-1 of 2") && asked.contains("zanzibar"), "{asked}");
    assert!(!asked.contains("const two"), "{asked}");
    app.wait_idle();
    app.send("and @.env ?");
    app.send(ENTER);
    app.wait_text("Nothing was sent.");
    app.wait_for("the draft", |screen| screen.draft() == "and @.env ?");
    assert_eq!(desk.server().asked().len(), 1, "nothing was sent");
    app.send(CTRL_U);
    app.wait_text("Ask, or state a rule");
    app.quit();
    let kept = desk.outside("state/dictum/sessions");
    let files = std::fs::read_dir(&kept).unwrap().flatten().map(|entry| entry.path());
    let bytes: Vec<u8> =
        files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    let kept = String::from_utf8_lossy(&bytes);
    assert!(kept.contains("src/pay.ts") && !kept.contains("zanzibar"));
}
