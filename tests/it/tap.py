"""Tests are functions under @each, @mounted or @once; run.py runs them and prints TAP."""

import re
import sys
import traceback

import dialect


class Skip(Exception):
    pass


EACH, MOUNTED, ONCE = [], [], []


def each(function):
    """Behind every web server, at the root of its site. Takes a Stack."""
    EACH.append(function)
    return function


def mounted(function):
    """Behind every web server, under a prefix. Takes a Stack."""
    MOUNTED.append(function)
    return function


def once(function):
    """Builds what it needs itself. Takes the options of the run."""
    ONCE.append(function)
    return function


def waiting(function):
    """For a test that waits for seconds and does little; stands above @once. run.py runs these
    tests in a second process with its own stand-in, beside the others."""
    function.waits = True
    return function


def called(name):
    """Gives a test a name that is not a Python name; stands below @each, @mounted or @once."""

    def give(function):
        function.title = name
        return function

    return give


def title(function):
    return getattr(function, "title", function.__name__.replace("_", " "))


def equal(got, want, what="value"):
    if got != want:
        raise AssertionError("%s: got %s, expected %s" % (what, _short(got), _short(want)))


def true(value, what):
    if not value:
        raise AssertionError("false: " + what)


def contains(text, part, what="text"):
    if part not in text:
        raise AssertionError("%s: %s is not in %s" % (what, _short(part), _short(text)))


def _short(value):
    out = repr(value)
    return out if len(out) < 700 else out[:500] + " ... " + out[-150:]


class Plan:
    def __init__(self):
        self.count = self.failed = self.skipped = 0

    def _line(self, good, name, remark=""):
        self.count += 1
        print("%sok %d - %s%s" % ("" if good else "not ", self.count, name, remark), flush=True)

    def skip(self, name, why):
        self.skipped += 1
        self._line(True, name, " # SKIP " + why)

    def fail(self, name, text):
        self.failed += 1
        self._line(False, name)
        for line in text.rstrip().splitlines():
            print("# " + line)
        sys.stdout.flush()

    def run(self, name, function, argument, tail=None):
        try:
            function(argument)
            faults = dialect.take()
            if faults:
                raise AssertionError("not OpenAI's dialect: " + "\n".join(faults[:20]))
        except Skip as e:
            self.skip(name, str(e))
        except Exception as e:  # a failed test must not end the run
            where = traceback.extract_tb(e.__traceback__)
            own = [f for f in where if "/test_" in f.filename] or where
            text = "%s:%d: %s: %s" % (
                own[-1].filename.rsplit("/", 1)[-1],
                own[-1].lineno,
                type(e).__name__,
                e,
            )
            if tail:
                text += "\n" + tail()
            self.fail(name, text)
        else:
            self._line(True, name)
        dialect.take()

    def adopt(self, text):
        """Repeats what another plan has printed, with numbers of this plan."""
        for line in text.splitlines():
            found = re.match(r"(not )?ok \d+ - (.*?)( # SKIP .*)?$", line)
            if found:
                self.failed += bool(found.group(1))
                self.skipped += bool(found.group(3))
                self._line(not found.group(1), found.group(2), found.group(3) or "")
            elif not line.startswith("1.."):
                print("# " + line.lstrip("# "), flush=True)

    def done(self):
        print("1..%d" % self.count, flush=True)
        return 1 if self.failed else 0
