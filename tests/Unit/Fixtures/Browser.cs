using System.Globalization;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using OpenQA.Selenium.Support.UI;

namespace Qmtl.Unit.Fixtures;

/// <summary>A headless Chromium with an empty profile, without a network, that is gone with the test.</summary>
internal sealed class Browser : IDisposable
{
    private static readonly string? Program = Find("chromium", "chromium-browser", "google-chrome", "chrome");
    private static readonly string? Driver = Find("chromedriver");

    private readonly TemporaryFolder _profile = new();
    private readonly ChromeDriverService _service;
    private readonly ChromeDriver _driver;

    public Browser()
    {
        var options = new ChromeOptions { BinaryLocation = Program };
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        options.AddArguments(
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--window-size=1400,1000", $"--user-data-dir={_profile.FullPath}");
        _service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(Driver), Path.GetFileName(Driver));
        _service.SuppressInitialDiagnosticInformation = true;
        _driver = new ChromeDriver(_service, options, TimeSpan.FromMinutes(2));
    }

    /// <summary>Why tests that need it are skipped; null where they need not be.</summary>
    public static string? MissingReason { get; } = Program is not null && Driver is not null
        ? null
        : "needs Chromium and its driver on the PATH (Debian: chromium, chromium-driver)";

    /// <summary>The element that has the focus.</summary>
    public IWebElement Focused => _driver.SwitchTo().ActiveElement();

    /// <summary>Opens a page of a file and waits until it has drawn itself.</summary>
    /// <returns>How many milliseconds that took from the beginning of the navigation, by the page's own clock.</returns>
    public int Open(string path)
    {
        _driver.Navigate().GoToUrl(new Uri(path));
        WaitUntil("document.documentElement.dataset.ready");
        return int.Parse(Text("document.documentElement.dataset.ready"), CultureInfo.InvariantCulture);
    }

    /// <summary>What an expression of JavaScript is.</summary>
    public object? Evaluate(string expression) => _driver.ExecuteScript($"return {expression};");

    /// <summary>What an expression of JavaScript is, as text.</summary>
    public string Text(string expression) => Convert.ToString(Evaluate(expression), CultureInfo.InvariantCulture)!;

    /// <summary>What an expression of JavaScript that gives an array of texts is.</summary>
    public string[] Texts(string expression) => [.. ((IEnumerable<object>)Evaluate(expression)!).Cast<string>()];

    /// <summary>The text of each element.</summary>
    public string[] TextsOf(string selector) => Texts($"[...document.querySelectorAll({Quoted(selector)})].map(one => one.textContent)");

    /// <summary>Waits until an expression of JavaScript is true.</summary>
    public void WaitUntil(string expression) => new WebDriverWait(_driver, TimeSpan.FromSeconds(30)).Until(_ => Evaluate($"Boolean({expression})") is true);

    public void Click(string selector) => Find(selector).Click();

    /// <summary>Writes into a field in place of what it holds.</summary>
    public void Fill(string selector, string text)
    {
        IWebElement field = Find(selector);
        field.Clear();
        field.SendKeys(text);
    }

    /// <summary>Presses keys where the focus is.</summary>
    public void Press(string keys) => Focused.SendKeys(keys);

    /// <summary>The window as of a device that many pixels wide.</summary>
    public void Resize(int width, int height) => _driver.ExecuteCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        new Dictionary<string, object?> { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });

    /// <summary>What the system prefers, and what is drawn for: <c>screen</c> or <c>print</c>.</summary>
    public void Emulate(string colours, string media = "screen") => _driver.ExecuteCdpCommand(
        "Emulation.setEmulatedMedia",
        new Dictionary<string, object?>
        {
            ["media"] = media,
            ["features"] = new[] { new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = colours } },
        });

    /// <summary>What the page wrote to the console since this was last asked: errors, and what the policy refused.</summary>
    public string[] TakeConsole() => [.. _driver.Manage().Logs.GetLog(LogType.Browser).Select(entry => entry.Message)];

    public void Dispose()
    {
        _driver.Quit();
        _driver.Dispose();
        _service.Dispose();
        _profile.Dispose();
    }

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private static string? Find(params string[] names) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, OperatingSystem.IsWindows() ? $"{name}.exe" : name)))
            .FirstOrDefault(File.Exists);

    private IWebElement Find(string selector) => _driver.FindElement(By.CssSelector(selector));
}
