"""Ways to sign in, one file each; a district names its way by `kind` in [services.sign-in]."""

SIGN_IN_WAYS = {
    "redirect": "firstbell.journeys.auth.redirect:RedirectSignIn",
}
