"""What a killed engine leaves in its state."""

from local.mending import restore


def test_what_a_kill_left_half_written_is_not_read_and_no_lock_is_left(tmp_path):
    (stacks := tmp_path / ".pulumi" / "stacks" / "project").mkdir(parents=True)
    (locks := tmp_path / ".pulumi" / "locks").mkdir()
    (locks / "lock.json").write_text("{}")
    (stacks / "half.json").write_text('{"version": 3, "chec')
    (stacks / "half.json.bak").write_text('{"version": 3}')
    (stacks / "half.json.attrs").write_text("")
    (stacks / "half.json.bak.attrs").write_text('{"user.content_type": "text/plain"}')

    restore(tmp_path)

    assert (stacks / "half.json").read_text() == '{"version": 3}'
    assert sorted(path.name for path in stacks.glob("*.attrs")) == ["half.json.bak.attrs"]
    assert not locks.exists()


def test_a_checkpoint_that_was_moved_aside_comes_back_and_a_newer_one_stays(tmp_path):
    (stacks := tmp_path / ".pulumi" / "stacks" / "project").mkdir(parents=True)
    (stacks / "killed.json.bak").write_text('"old"')
    (stacks / "sound.json.bak").write_text('"old"')
    (stacks / "sound.json").write_text('"new"')

    restore(tmp_path)

    assert (stacks / "killed.json").read_text() == '"old"'
    assert (stacks / "sound.json").read_text() == '"new"'
