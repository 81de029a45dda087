from playwright.sync_api import Page


def test_a_page_runs_its_scripts(page: Page):
    page.set_content("<h1></h1><script>document.querySelector('h1').textContent = 'run'</script>")
    assert page.text_content("h1") == "run"
