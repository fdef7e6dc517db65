"""What a killed engine leaves in its state."""

from local.mending import restore


def test_a_checkpoint_that_was_moved_aside_comes_back_and_a_newer_one_stays(tmp_path):
    (stacks := tmp_path / ".pulumi" / "stacks" / "project").mkdir(parents=True)
    (stacks / "killed.json.bak").write_text("old")
    (stacks / "sound.json.bak").write_text("old")
    (stacks / "sound.json").write_text("new")

    restore(tmp_path)

    assert (stacks / "killed.json").read_text() == "old"
    assert (stacks / "sound.json").read_text() == "new"
