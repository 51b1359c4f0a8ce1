using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>The report as a real browser shows it, without a network.</summary>
[Collection(FinishedExperiment.Name)]
public sealed class ReportInBrowserTests(FinishedExperiment finished) : IDisposable
{
    /// <summary>
    /// What the page loads, how many tables, charts and rows it shows, and labels of charts that are cut off at their
    /// edge.
    /// </summary>
    private const string Measure = """
        (() => {
          const cut = [];
          for (const svg of document.querySelectorAll('svg')) {
            const view = svg.viewBox.baseVal;
            for (const text of svg.querySelectorAll('text')) {
              const box = text.getBBox(), map = svg.getScreenCTM().inverse().multiply(text.getScreenCTM());
              const corners = [[box.x, box.y], [box.x + box.width, box.y], [box.x, box.y + box.height], [box.x + box.width, box.y + box.height]]
                .map(([x, y]) => [map.a * x + map.c * y + map.e, map.b * x + map.d * y + map.f]);
              const inside = corners.every(([x, y]) => x >= view.x - 1 && x <= view.x + view.width + 1 && y >= view.y - 1 && y <= view.y + view.height + 1);
              if (!inside) cut.push(text.textContent);
            }
          }
          const visible = selector => [...document.querySelectorAll(selector)].filter(one => one.getBoundingClientRect().width > 50 && one.getBoundingClientRect().height > 10).length;
          return { title: document.querySelector('h1').textContent, loaded: performance.getEntriesByType('resource').length, svg: document.querySelectorAll('svg').length,
            visibleSvg: visible('svg'), tables: visible('table'), rows: visible('tbody tr'), cut, overflow: document.documentElement.scrollWidth - innerWidth };
        })()
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Report_OpenedWithoutNetwork_ShowsAllTablesAndCharts()
    {
        string results = _folder.Copy(finished.Results, "results");
        (await DmkdCommand.RunAsync(_folder["home"], "experiment", "report", results)).IsSuccess();
        var page = await Chromium.EvaluateAsync(Path.Combine(results, "report.html"), _folder, Measure);
        Assert.Equal(Path.GetFileNameWithoutExtension(finished.File), page.GetProperty("title").GetString());
        Assert.Equal(0, page.GetProperty("loaded").GetInt32());
        // curves, matrices of both methods, forgetting, costs, the ablation
        Assert.True(page.GetProperty("svg").GetInt32() >= 8, page.ToString());
        Assert.Equal(page.GetProperty("svg").GetInt32(), page.GetProperty("visibleSvg").GetInt32());
        Assert.True(page.GetProperty("tables").GetInt32() >= 4, page.ToString());
        Assert.Empty(page.GetProperty("cut").Deserialize<string[]>()!);
        Assert.True(page.GetProperty("overflow").GetInt32() <= 0, page.ToString());
    }

    public void Dispose() => _folder.Dispose();
}
