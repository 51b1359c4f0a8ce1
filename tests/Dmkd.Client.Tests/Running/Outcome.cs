namespace Dmkd.Client.Tests.Running;

/// <summary>What a finished process left.</summary>
/// <param name="ExitCode">Its exit code; 128 + n when signal n ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Home">Its <c>--home</c> folder.</param>
internal sealed record Outcome(int ExitCode, string Output, string Error, string Home)
{
    /// <summary>The promise for bad input: exit code 2 and one line that says what and why.</summary>
    public void IsRefused(params string[] parts) => IsOneLine(2, parts);

    /// <summary>The promise for failures: exit code 1 and one line that says what.</summary>
    public void IsFailed(params string[] parts) => IsOneLine(1, parts);

    /// <summary>Done, with nothing to complain about.</summary>
    public Outcome IsSuccess()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        return this;
    }

    private void IsOneLine(int exitCode, string[] parts)
    {
        Assert.Equal(exitCode, ExitCode);
        Assert.StartsWith("dmkd: ", Error, StringComparison.Ordinal);
        Assert.Single(Error.TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain("Exception", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        foreach (string part in parts)
            Assert.Contains(part, Error, StringComparison.Ordinal);
        Assert.Empty(Output);
    }
}
