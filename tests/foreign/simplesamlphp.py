"""SimpleSAMLphp, twice: an identity provider with one student, and a portal that asks it by SAML 2."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.foreign.product import Product, answers

PAGES = Path("/usr/share/simplesamlphp/www")
STUDENT = {"username": "zz.student03", "password": "Slate-and-chalk-7", "name": "IvyZz"}
CONFIG = """\
<?php
$config = [
    'baseurlpath' => '{url}/',
    'certdir' => '{folder}/', 'tempdir' => '{folder}', 'datadir' => '{folder}/', 'metadatadir' => '{folder}/',
    'logging.level' => 4, 'logging.handler' => 'errorlog', 'timezone' => 'UTC',
    'secretsalt' => 'a-salt-that-nobody-else-has', 'auth.adminpassword' => 'nobody-uses-it',
    'enable.saml20-idp' => true, 'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'store.type' => 'phpsession', 'session.phpsession.savepath' => '{folder}', 'session.cookie.secure' => false,
    'session.cookie.samesite' => null, 'language.default' => 'en', 'metadata.sources' => [['type' => 'flatfile']],
];
"""


class _Half(Product):
    """One of the two, in PHP's own server."""

    needs = (PAGES / "module.php", Path("/usr/bin/php"))

    def configure(self) -> None:
        """Writes the configuration that both share, then the files of this half."""
        (self.folder / "config.php").write_text(CONFIG.format(url=self.url, folder=self.folder))
        for name, line in self.files().items():
            (self.folder / f"{name}.php").write_text(f"<?php {line};\n")

    def files(self) -> Mapping[str, str]:
        """The statement of each further file, by its name."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """The folder of the configuration; a browser asks for several files at once."""
        return {"SIMPLESAMLPHP_CONFIG_DIR": str(self.folder), "PHP_CLI_SERVER_WORKERS": "3"}

    def command(self) -> Sequence[str | Path]:
        """PHP's server in the foreground."""
        return ["php", "-S", f"{self.host}:{self.port}", "-t", PAGES]

    def is_ready(self) -> bool:
        """Tells whether a file of the pages is served."""
        return answers(f"{self.url}/resources/default.css")


class SamlProvider(_Half):
    """The identity provider. It knows the portal by `portal_url`."""

    name = "simplesamlphp"

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.portal_url = ""

    @property
    def entity(self) -> str:
        """Its name in SAML."""
        return f"{self.url}/idp"

    @property
    def certificate(self) -> str:
        """The certificate of its signatures, in base64."""
        lines = (self.folder / "idp.crt").read_text().splitlines()
        return "".join(line for line in lines if "CERTIFICATE" not in line)

    def configure(self) -> None:
        """Makes the key of its signatures too."""
        key, certificate = self.folder / "idp.pem", self.folder / "idp.crt"
        made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=idp"]
        subprocess.run(["openssl", "req", *made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        super().configure()

    def files(self) -> Mapping[str, str]:
        """Its people, itself, and the portal."""
        person = f"'uid' => ['{STUDENT['username']}'], 'displayName' => ['{STUDENT['name']}']"
        keys = "'privatekey' => 'idp.pem', 'certificate' => 'idp.crt', 'auth' => 'people', 'host' => '__DEFAULT__'"
        takes = f"'AssertionConsumerService' => '{self.portal_url}/module.php/saml/sp/saml2-acs.php/portal'"
        return {
            "authsources": "$config = ['people' => ['exampleauth:UserPass', "
            f"'{STUDENT['username']}:{STUDENT['password']}' => [{person}]]]",
            "saml20-idp-hosted": f"$metadata['{self.entity}'] = [{keys}]",
            "saml20-sp-remote": f"$metadata['{self.portal_url}/sp'] = [{takes}]",
        }


class SamlPortal(_Half):
    """The portal; its first page sends to the provider, and shows the person who comes back."""

    name = "simplesamlphp"

    def __init__(self, host: str, provider: SamlProvider) -> None:
        super().__init__(host)
        self._provider = provider
        provider.portal_url = self.url

    @property
    def page(self) -> str:
        """The page that needs a person who has signed in."""
        return f"{self.url}/module.php/core/authenticate.php?as=portal"

    def files(self) -> Mapping[str, str]:
        """Itself and the provider."""
        to = f"'SingleSignOnService' => '{self._provider.url}/saml2/idp/SSOService.php'"
        entity = self._provider.entity
        return {
            "authsources": f"$config = ['portal' => ['saml:SP', 'entityID' => '{self.url}/sp', 'idp' => '{entity}']]",
            "saml20-idp-remote": f"$metadata['{entity}'] = [{to}, 'certData' => '{self._provider.certificate}']",
        }
