using Dmkd.Client.Rendering;
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
}
