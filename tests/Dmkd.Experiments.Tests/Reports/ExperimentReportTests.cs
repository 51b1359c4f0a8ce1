using System.Text.Json;
using System.Xml.Linq;
using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Reports;

namespace Dmkd.Experiments.Tests.Reports;

public sealed class ExperimentReportTests : IDisposable
{
    private readonly FilledFolder _folder = new();
    private readonly ExperimentResults _results;
    private readonly IReadOnlyList<string> _files;

    public ExperimentReportTests()
    {
        _results = ExperimentResults.Load(_folder.Path);
        _files = ExperimentReport.Write(_results, _folder.Path);
    }

    private string Page => File.ReadAllText(_files[2]);

    private XElement Body => XElement.Parse(Page.Split('\n', 2)[1]); // without the line of the document type

    [Fact]
    public void Load_FolderWithAFailure_CountsIt()
    {
        Assert.Equal(4 + 6 + 4 - 1, _results.Rows.Count); // places: a cell of two places is in both
        Assert.Equal(1, _results.Missing);
        Assert.StartsWith("out of <luck>", Assert.Single(_results.Failures).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoResults_SaysWhatToName() =>
        Assert.Contains(
            "has no experiment.json",
            Assert.Throws<PlanException>(() => ExperimentResults.Load("/no/such/folder")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Csv_Rows_HaveAsManyFieldsAsTheHead()
    {
        string[] lines = File.ReadAllLines(_files[0]);
        Assert.Equal(1 + _results.Rows.Count, lines.Length);
        Assert.StartsWith(
            "label,parameter,value,cell,stage,dataset,method,methodParameters,seed,",
            lines[0],
            StringComparison.Ordinal
        );
        // nothing here needs quotes
        Assert.All(lines, line => Assert.Equal(lines[0].Split(',').Length, line.Split(',').Length));
        Assert.Contains(lines, line => line.StartsWith("dmkd,alpha,0,", StringComparison.Ordinal));
    }

    [Fact]
    public void JsonLines_Rows_AreTheCellsWithTheirPlace()
    {
        string[] lines = File.ReadAllLines(_files[1]);
        Assert.Equal(_results.Rows.Count, lines.Length);
        var row = lines
            .Select(line => JsonDocument.Parse(line).RootElement)
            .First(row => row.GetProperty("stage").GetString() == "measure");
        Assert.Equal("dmkd", row.GetProperty("label").GetString());
        Assert.Equal(0.51, row.GetProperty("finalAccuracy").GetDouble(), 1e-12);
        Assert.Equal(
            [1, 2],
            row.GetProperty("accuracyMatrix")
                .GetProperty("classIncremental")
                .EnumerateArray()
                .Select(line => line.GetArrayLength())
        );
    }

    [Fact]
    public void Document_Summary_HasMeansAndThePairedTest()
    {
        var document = ReportDocument.Of(_results, _folder.Path, _files);
        Assert.Equal(["dmkd", "other", "fixed"], document.Summary.Select(method => method.Label));
        Assert.Equal([2, 2, 1], document.Summary.Select(method => method.Seeds.Count));
        Assert.Equal(0.515, document.Summary[0].Measures["finalAccuracy"].Mean, 1e-12);
        Assert.Null(document.Summary[0].AgainstReference);
        Assert.Equal(-0.235, document.Summary[1].AgainstReference!.MeanDifference, 1e-12);
        Assert.Equal(
            (1, null),
            (document.Summary[2].AgainstReference!.Pairs, document.Summary[2].AgainstReference!.PValue)
        );
    }

    [Fact]
    public void Page_Content_IsWellFormedAndNeedsNothingElse()
    {
        var body = Body;
        Assert.DoesNotContain(
            body.Descendants(),
            element => element.Name.LocalName is "script" or "link" or "img" or "iframe"
        );
        Assert.DoesNotContain("http", Page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", Page, StringComparison.Ordinal);
        string[] places = [.. body.Descendants().Select(element => $"#{element.Attribute("id")?.Value}")];
        Assert.All(body.Descendants("a"), link => Assert.Contains(link.Attribute("href")!.Value, places));
    }

    [Fact]
    public void Page_Drawings_TellWhatTheyShow()
    {
        XElement[] drawings = [.. Body.Descendants("svg")];
        // 2 curves, 3 matrices, forgetting, accuracy against bytes and multiply-adds, one ablation.
        Assert.Equal(9, drawings.Length);
        Assert.All(
            drawings,
            drawing =>
            {
                Assert.NotEmpty(drawing.Element("title")!.Value);
                Assert.NotEmpty(drawing.Element("desc")!.Value);
            }
        );
        Assert.DoesNotContain("NaN", Page, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_Numbers_AreThoseOfTheCells()
    {
        string text = Body.Value;
        Assert.Contains("51.5 ± 0.7", text, StringComparison.Ordinal); // 51 and 52
        Assert.Contains("−23.5", text, StringComparison.Ordinal);
        Assert.Contains("out of <luck>, \"all\" of it", text, StringComparison.Ordinal);
        Assert.Contains("Not complete: 1 results are missing, 1 of them failed.", text, StringComparison.Ordinal);
        Assert.Contains("0123456789ab", text, StringComparison.Ordinal);
        Assert.Contains("20 W", text, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
