using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Dmkd.Core.Settings;

namespace Dmkd.Core.Tests.Settings;

public sealed class SettingsBinderTests
{
    private static readonly SettingsBinder<Whole> Binder = new(new Whole());

    [Fact]
    public void Settings_OfRecordAndSections_AreNamedInOrder() =>
        Assert.Equal(
            ["how-many", "share", "rule", "wait", "sides", "at-most"],
            Binder.Settings.Select(setting => setting.Name)
        );

    [Fact]
    public void Settings_WithoutADescription_AreNoSettings() =>
        Assert.DoesNotContain(Binder.Settings, setting => setting.Name == "note");

    [Fact]
    public void Help_OfWords_ListsThem() => Assert.Equal("What rules: none, affine, discriminant", Binder["rule"].Help);

    [Fact]
    public void With_SettingOfASection_LeavesTheFirstAsItIs()
    {
        var first = new Whole();
        var second = Binder["share"].With(first, 0.25);
        Assert.Equal((1.0, 0.25), (first.Part.Share, second.Part.Share));
        Assert.Equal(first with { Part = first.Part with { Share = 0.25 } }, second);
    }

    [Theory]
    [InlineData("how-many", 0, "--how-many must be in [1, 9], not 0.")]
    [InlineData("share", 0.0, "--share must be in (0, 1], not 0.")]
    [InlineData("share", double.NaN, "--share must be in (0, 1], not NaN.")]
    [InlineData("rule", "fair", "--rule must be one of none, affine, discriminant, not 'fair'.")]
    [InlineData("sides", 2, "--sides must be 1, 4 or 8, not 2.")]
    [InlineData("at-most", -1, "--at-most must be in [0, 2147483647], not -1.")]
    public void ProblemOf_WrongValue_NamesSettingLimitAndValue(string name, object value, string expected) =>
        Assert.Equal(expected, Binder[name].ProblemOf(value, "--" + name));

    [Theory]
    [InlineData("how-many", "99999999999", "--how-many must be in [1, 9], not 99999999999.")]
    [InlineData("how-many", "-99999999999", "--how-many must be in [1, 9], not -99999999999.")]
    [InlineData("how-many", "1e1", "--how-many must be a whole number such as 12, not '1e1'.")]
    [InlineData("how-many", "1,000", "--how-many must be a whole number such as 12, without commas, not '1,000'.")]
    [InlineData("share", "0,5", "--share must be a number such as 0.002, with a point and no commas, not '0,5'.")]
    public void ProblemOfText_NoNumber_NamesSettingLimitAndText(string name, string text, string expected) =>
        Assert.Equal(expected, Binder[name].ProblemOfText(text, "--" + name));

    [Fact]
    public void ProblemOf_TimeTooLong_IsInSeconds() =>
        Assert.Equal(
            "wait must be above 0 and at most 60 seconds, not 90.",
            Binder["wait"].ProblemOf(TimeSpan.FromSeconds(90), "wait")
        );

    [Fact]
    public void ProblemsOf_ValuesThatDoNotGoTogether_NamesBothAsTheReaderKnowsThem() =>
        Assert.Equal(
            ["--how-many must be at most --at-most, 2."],
            Binder.ProblemsOf(new Whole { HowMany = 3, AtMost = 2 }, "--")
        );

    [Fact]
    public void ProblemsOf_Defaults_IsNothing() => Assert.Empty(Binder.ProblemsOf(Binder.Defaults));

    internal sealed record Whole : IValidatableObject
    {
        [Range(1, 9), Description("How many")]
        public int HowMany { get; init; } = 1;

        public Part Part { get; init; } = new();

        [Range(0, int.MaxValue), Description("At most")]
        public int AtMost { get; init; } = 5;

        public string Note { get; init; } = "";

        public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
        {
            if (HowMany > AtMost)
                yield return new ValidationResult($"{{how-many}} must be at most {{at-most}}, {AtMost}.");
        }
    }

    internal sealed record Part
    {
        [Range(0.0, 1.0, MinimumIsExclusive = true), Description("Share")]
        public double Share { get; init; } = 1;

        [DataType("calibration"), DisplayName("rule"), Description("What rules")]
        public string Word { get; init; } = "none";

        [Range(0.0, 60.0, MinimumIsExclusive = true), Description("Wait")]
        public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(1);

        [AllowedValues(1, 4, 8), Description("Sides")]
        public int Sides { get; init; } = 4;
    }
}
