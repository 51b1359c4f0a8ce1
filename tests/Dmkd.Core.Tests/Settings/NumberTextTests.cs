using System.Globalization;
using Dmkd.Core.Settings;

namespace Dmkd.Core.Tests.Settings;

public sealed class NumberTextTests
{
    [Theory]
    [InlineData("0.002", 0.002)]
    [InlineData("2e-3", 0.002)]
    [InlineData("-1.5", -1.5)]
    [InlineData("inf", double.PositiveInfinity)]
    public void TryRead_Number_ReadsIt(string text, double expected)
    {
        Assert.True(NumberText.TryRead(text, out double number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("0,002")]
    [InlineData("1,000")]
    [InlineData("1 000")]
    [InlineData("")]
    [InlineData(null)]
    public void TryRead_CommaOrNothing_IsNoNumber(string? text)
    {
        Assert.False(NumberText.TryRead(text, out double _));
        Assert.False(NumberText.TryRead(text, out int _));
    }

    [Fact]
    public void TryRead_MachineThatWritesCommas_StillReadsPoints()
    {
        var before = CultureInfo.CurrentCulture;
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        german.NumberFormat.NumberDecimalSeparator = ",";
        german.NumberFormat.NumberGroupSeparator = ".";
        CultureInfo.CurrentCulture = german;
        try
        {
            Assert.True(NumberText.TryRead("0.002", out double number));
            Assert.Equal(0.002, number);
            Assert.False(NumberText.TryRead("0,002", out double _));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData("0,5", false, "--n must be a number such as 0.002, with a point and no commas, not '0,5'.")]
    [InlineData("1,000", true, "--n must be a whole number such as 12, without commas, not '1,000'.")]
    [InlineData("2147483648", true, "--n must be at most 2147483647, not 2147483648.")]
    [InlineData("-99999999999", true, "--n must be at least -2147483648, not -99999999999.")]
    public void ProblemOf_NoNumber_SaysWhatIsWanted(string text, bool isWhole, string expected) =>
        Assert.Equal(expected, NumberText.ProblemOf(text, "--n", isWhole));
}
