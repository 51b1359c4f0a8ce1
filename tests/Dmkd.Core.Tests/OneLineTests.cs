namespace Dmkd.Core.Tests;

public sealed class OneLineTests
{
    [Theory]
    [InlineData("library/node-1@cpu", "library/node-1@cpu")]
    [InlineData("Käfer 🐞", "Käfer 🐞")]
    [InlineData("a\r\nb", "a\\u000D\\u000Ab")]
    [InlineData("\u001B[31mred", "\\u001B[31mred")]
    [InlineData("left\u202Eright", "left\\u202Eright")]
    [InlineData(null, "")]
    public void Of_Text_IsOneLine(string? text, string expected) => Assert.Equal(expected, OneLine.Of(text));

    [Fact]
    public void Of_HalfACharacter_IsEscaped() => Assert.Equal("half \\uD83D", OneLine.Of($"half {'\uD83D'}"));

    [Fact]
    public void Of_LongText_IsCut()
    {
        Assert.Equal(new string('a', 200), OneLine.Of(new string('a', 200)));
        Assert.Equal(new string('a', 200) + "...", OneLine.Of(new string('a', 201)));
        Assert.Equal(new string('a', 199) + "...", OneLine.Of(new string('a', 199) + "🐞")); // not in half
    }
}
