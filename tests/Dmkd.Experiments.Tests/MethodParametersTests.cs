using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Tests;

public sealed class MethodParametersTests
{
    [Fact]
    public void Number_NotGiven_IsTheFallback() => Assert.Equal(0.5, Of().Number("strength", 0.5, 0, 1));

    [Fact]
    public void Number_Given_IsRead() => Assert.Equal(0.25, Of(("strength", "0.25")).Number("strength", 0.5, 0, 1));

    [Theory]
    [InlineData("2")]
    [InlineData("NaN")]
    [InlineData("much")]
    public void Number_OutOfRangeOrNone_NamesMethodLimitsAndValue(string text)
    {
        var refusal = Assert.Throws<MethodParameterException>(() =>
            Of(("strength", text)).Number("strength", 0.5, 0, 1)
        );
        Assert.Equal($"ewc: strength must be a number in [0, 1], not '{text}'.", refusal.Message);
    }

    [Fact]
    public void Count_Fraction_IsRefused()
    {
        var refusal = Assert.Throws<MethodParameterException>(() =>
            Of(("exemplars", "2.5")).Count("exemplars", 200, 0, 1000)
        );
        Assert.Equal("ewc: exemplars must be a whole number, not 2.5.", refusal.Message);
    }

    [Fact]
    public void OneOf_Unknown_ListsTheNames()
    {
        var refusal = Assert.Throws<MethodParameterException>(() =>
            Of(("variant", "third")).OneOf("variant", "first", ["first", "second"])
        );
        Assert.Equal("ewc: variant must be one of first, second, not 'third'.", refusal.Message);
    }

    [Fact]
    public void RequireAllRead_Misspelt_NamesItAndThoseThereAre()
    {
        var parameters = Of(("strenght", "1"));
        parameters.Number("strength", 0.5, 0, 1);
        var refusal = Assert.Throws<MethodParameterException>(parameters.RequireAllRead);
        Assert.Equal("ewc has no parameter 'strenght'; it has: strength. Did you mean strength?", refusal.Message);
    }

    private static MethodParameters Of(params (string Name, string Text)[] values) =>
        new("ewc", values.ToDictionary(pair => pair.Name, pair => pair.Text));
}
