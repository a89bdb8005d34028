"""What the page says of a pasted key before it is sent, asked of the script itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import playwright
import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.web.pages.assets import FOLDER
from tests.missing import without
from tests.unit.api.world import public_key

WAY = "shows it as the line to paste"


def _said(texts: list[str]) -> list[str]:
    """What `keys.js` finds wrong with each; skips where there is nothing to run it with."""
    bundled = Path(playwright.__file__).parent / "driver" / "node"  # what drives the browser runs scripts too
    node = next((each for each in (str(bundled), shutil.which("node")) if each is not None and _runs(each)), None)
    if node is None:
        without("there is no Node.js that runs here")
    asked = f"console.log(JSON.stringify({json.dumps(texts)}.map(wrongWithKey)));"
    script = (FOLDER / "keys.js").read_text("utf-8") + asked
    ran = subprocess.run([node, "--input-type=module", "-"], input=script, capture_output=True, text=True, check=True)
    return list(json.loads(ran.stdout))


def _runs(node: str) -> bool:
    """Whether it is there, and finds its libraries: on a bare machine the bundled one does not."""
    try:
        return subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _converted(line: str, form: str, folder: Path) -> str:
    """The key of the line as `ssh-keygen -e` writes it in this form."""
    file = folder / "key.pub"
    file.write_text(f"{line}\n")
    command = ["ssh-keygen", "-e", "-m", form, "-f", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The line of an RSA key, which can be written in every form."""
    path = tmp_path_factory.mktemp("rsa") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().strip()


def test_a_key_in_another_format_is_told_its_way(rsa: str, tmp_path: Path) -> None:
    """Each form of several lines is named, and what is said converts it; the service refuses the same."""
    forms = {"RFC4716": ("RFC 4716", ""), "PKCS8": ("PKCS8", "-m PKCS8 "), "PEM": ("PEM", "-m PEM ")}
    texts = {form: _converted(rsa, form, tmp_path) for form in forms}
    wrong = dict(zip(texts, _said(list(texts.values())), strict=True))
    for form, (name, option) in forms.items():
        assert wrong[form] == f"this is a public key in another format, {name}; ssh-keygen -i {option}-f FILE {WAY}"
        (tmp_path / form).write_text(texts[form])
        command = ["ssh-keygen", "-i", *option.split(), "-f", str(tmp_path / form)]
        made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert made.split()[:2] == rsa.split()[:2]
        with pytest.raises(InvalidInput) as refused:
            SshPublicKey.parse(texts[form])
        assert "another format" in str(refused.value.fields)


def test_other_texts_are_told_what_they_are(rsa: str) -> None:
    """A good line passes; a private key is told first of all, two lines as such, the rest with a way to try."""
    private = f"-----BEGIN {'PRIVATE'} KEY-----\nAAAA\n-----END {'PRIVATE'} KEY-----"
    strange = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    good, said_private, two, said_strange, dashes = _said(
        [f"{rsa}\n", private, f"{rsa}\n{public_key()}", strange, f"{public_key()} me --beginning"]
    )
    assert good == dashes == ""
    assert said_private.startswith("this is a private key, and it has not been sent")
    assert two == "this is more than one line; paste exactly one public key"
    assert said_strange == "this is a key in another format; ssh-keygen -i -f FILE (with -m if need be) converts it"
