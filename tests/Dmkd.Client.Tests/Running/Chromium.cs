using System.Diagnostics;
using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>A real browser without a window and without a network.</summary>
internal static class Chromium
{
    private const string Variable = "DMKD_TEST_CHROMIUM";
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Opens a copy of a page that has a script at its end, and returns what the script left in the element "measured".
    /// </summary>
    /// <param name="page">The page's file.</param>
    /// <param name="folder">Receives the copy and the browser's profile.</param>
    /// <param name="expression">A JavaScript expression whose value can be written as JSON.</param>
    public static async Task<JsonElement> EvaluateAsync(string page, TemporaryFolder folder, string expression)
    {
        string program = Find();
        string script =
            $"<script>const measured = {expression}; document.body.innerHTML = '<pre "
            + $"id=\"measured\"></pre>'; document.getElementById('measured').textContent = "
            + $"JSON.stringify(measured);</script></body>";
        string copy = folder["measured.html"];
        await File.WriteAllTextAsync(
            copy,
            (await File.ReadAllTextAsync(page)).Replace("</body>", script, StringComparison.Ordinal)
        );
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // A proxy that nobody listens at: whatever the page would load fails.
            ArgumentList =
            {
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                $"--user-data-dir={folder["profile"]}",
                "--proxy-server=127.0.0.1:9",
                "--dump-dom",
                new Uri(copy).AbsoluteUri,
            },
        };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            string dom = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            const string Mark = "<pre id=\"measured\">";
            int at = dom.IndexOf(Mark + "{", StringComparison.Ordinal);
            Assert.True(at >= 0, $"The script left nothing. {await errors}");
            string text = dom[(at + Mark.Length)..dom.IndexOf("</pre>", at, StringComparison.Ordinal)];
            return Json.Parse(System.Net.WebUtility.HtmlDecode(text));
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return named;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries
        );
        string? found = Names
            .SelectMany(name => folders.Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        if (found is null)
            Assert.Skip($"There is no Chromium in PATH; name one by {Variable}.");
        return found!;
    }
}
