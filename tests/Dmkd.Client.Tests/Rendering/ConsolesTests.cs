using System.CommandLine;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;
using Spectre.Console;

namespace Dmkd.Client.Tests.Rendering;

public sealed class ConsolesTests
{
    [Fact]
    public void Write_NamesWithControlCharacters_ShowsThem()
    {
        using var shown = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(shown) }
        );
        console.Profile.Width = 100;
        console.Pipeline.Attach(new PlainText());
        console.Write(new Table().AddColumn("class").AddRow(Markup.Escape("cat\u001B[2J")));
        console.MarkupLineInterpolated($"[grey]dog\u0007[/]");
        Assert.Contains("cat\\u001B[2J", shown.ToString(), StringComparison.Ordinal);
        Assert.Contains("dog\\u0007", shown.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\u001B", shown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_OfARun_Fit80Columns()
    {
        using var shown = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(shown) }
        );
        console.Profile.Width = 200;
        MethodResult[] methods = [Result("dmkd", bytes: 200_000_000), Result("sequential-fine-tuning", bytes: 0)];
        console.Write(RunTables.AfterEachTask(methods));
        console.Write(RunTables.Summary(methods, legacyAccuracy: 1));
        Assert.All(shown.ToString().Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }

    [Theory]
    [InlineData(RunPhase.Preserve, 0, 0, 0.5, 0.1)]
    [InlineData(RunPhase.Train, 2, 0.5, 1, 0.7)]
    [InlineData(RunPhase.Completed, 3, 0, 1, 1)]
    public void ShareOf_ARun_CountsPreservationAsATask(
        RunPhase phase,
        int task,
        double ofTask,
        double preserved,
        double expected
    )
    {
        var settings = new RunSettings
        {
            Data = new DataSource { Kind = "synthetic", Seed = 1 },
            Tasks = 4,
        };
        settings = settings with { Legacy = settings.Legacy with { Tasks = 1 } };
        var look = new RunProgress
        {
            Phase = phase,
            Task = task,
            TaskProgress = ofTask,
            PreservationProgress = preserved,
        };
        Assert.Equal(expected, RunView.ShareOf(look, settings), 9);
    }

    [Fact]
    public void Examples_OfTheHelp_AreCommandLines() =>
        Assert.All(
            HelpText.All.Values.SelectMany(examples => examples),
            example =>
            {
                string[] words = example.Split(" > ")[0].Split(' ')[1..];
                Assert.Empty(CommandLine.RootFor(words).Parse(words).Errors);
            }
        );

    [Fact]
    public void Groups_OfTheHelp_HaveEveryCommand()
    {
        var root = CommandLine.RootFor([]);
        using var shown = new StringWriter();
        root.Parse("--help").Invoke(new InvocationConfiguration { Output = shown });
        Assert.All(
            root.Subcommands.Where(command => !command.Hidden),
            command => Assert.Contains($"\n  {command.Name} ", shown.ToString(), StringComparison.Ordinal)
        );
    }

    private static MethodResult Result(string method, long bytes) =>
        new()
        {
            Method = method,
            ClassIncremental =
            [
                [1],
            ],
            TaskIncremental =
            [
                [1],
            ],
            MacroF1 = 1,
            TaskDetectionRate = 1,
            Parameters = 100_000_000,
            MacsPerInput = 1,
            BytesUp = bytes,
            RoutingBytes = bytes / 2,
            BytesDown = bytes,
            DenseBytes = 25 * bytes,
            DeviceSeconds = 100_000,
            WallSeconds = 100_000,
        };
}
