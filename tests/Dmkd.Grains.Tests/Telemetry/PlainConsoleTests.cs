using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Grains.Tests.Telemetry;

public sealed class PlainConsoleTests
{
    [Fact]
    public void Write_MessageWithAForgedLine_IsOneLine() =>
        Assert.Equal(
            "warn: Dmkd.Grains.Some[7]\n      Class a\\u000Awarn: Dmkd.Audit[0]\\u001B[2K\n",
            Written("Dmkd.Grains.Some", "Class a\nwarn: Dmkd.Audit[0]\u001B[2K", exception: null)
        );

    [Fact]
    public void Write_LinesOfOthersAndExceptions_AreSetIn() =>
        Assert.Equal(
            "warn: Orleans.Silo[7]\n      one\n      two\n      System.InvalidOperationException: no\\u001B\n      more\n",
            Written("Orleans.Silo", "one\r\ntwo", new InvalidOperationException("no\u001B\nmore"))
        );

    private static string Written(string category, string message, Exception? exception)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var entry = new LogEntry<string>(LogLevel.Warning, category, 7, message, exception, (state, _) => state);
        new PlainConsole().Write(entry, scopeProvider: null, writer);
        return writer.ToString();
    }
}
