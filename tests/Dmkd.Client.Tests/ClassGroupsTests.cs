using Dmkd.Client.Commands;
using Dmkd.Client.Errors;

namespace Dmkd.Client.Tests;

public sealed class ClassGroupsTests
{
    private static readonly string[] Names = ["cat", "dog", "car", "ship", "7"];

    [Theory]
    [InlineData("cat,dog;car,ship,7", "0,1|2,3,4")]
    [InlineData("ship,cat;7,dog,car", "3,0|4,1,2")]
    [InlineData(" cat , dog ; car , ship , 7 ", "0,1|2,3,4")]
    [InlineData("0,1;2,3,4", "0,1|2,3,4")]
    [InlineData("cat,1;car,3,7", "0,1|2,3,4")] // a name that is a number is a name
    [InlineData("3", "0,1,2|3,4")] // how many each gets
    [InlineData("7;cat,dog,car,ship", "4|0,1,2,3")]
    public void Read_TwoExperts_GivesTheClassesOfEach(string text, string expected) =>
        Assert.Equal(expected, Text(ClassGroups.Read(text, Names, 2)));

    [Fact]
    public void Read_OneExpertOfOneClass_IsThatClass() => Assert.Equal("0", Text(ClassGroups.Read("0", ["cat"], 1)));

    [Theory]
    [InlineData("cat,dog;car,ship", "leaves out 7;")]
    [InlineData("cat;7", "leaves out dog, car, ship;")]
    [InlineData("cat,dog,cat;car,ship,7", "names class cat 2 times")]
    [InlineData("cat,dog;car,ship,7,dog", "names class dog 2 times")]
    [InlineData("cat,0;dog,car,ship,7", "names class cat 2 times")]
    [InlineData("cat,bird;dog,car,ship,7", "names 'bird', which is no class; there are: cat, dog, car, ship, 7.")]
    [InlineData("cat,5;dog,car,ship,7", "names '5', which is no class")]
    [InlineData("cat,-1;dog,car,ship,7", "names '-1', which is no class")]
    [InlineData("cat,,dog;car,ship,7", "names '', which is no class")]
    [InlineData("", "names '', which is no class")]
    [InlineData("cat,dog,car,ship,7", "makes 1 groups of the 5 classes; --experts asks for 2")]
    [InlineData("cat;dog;car,ship,7", "makes 3 groups of the 5 classes; --experts asks for 2")]
    [InlineData("1", "makes 5 groups of the 5 classes; --experts asks for 2")]
    [InlineData("0", "must be at least 1, not 0")]
    public void Read_BadGroups_NamesOptionAndClass(string text, string message)
    {
        string error = Assert.Throws<BadInputException>(() => ClassGroups.Read(text, Names, 2)).Message;
        Assert.StartsWith("--classes-per-expert ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_UnknownAmongManyClasses_ListsTwenty()
    {
        string[] many = [.. Enumerable.Range(0, 100).Select(number => $"class-{number}")];
        Assert.EndsWith(
            "class-18, class-19, ....",
            Assert.Throws<BadInputException>(() => ClassGroups.Read("cat;dog", many, 2)).Message,
            StringComparison.Ordinal
        );
    }

    private static string Text(int[][] groups) => string.Join('|', groups.Select(group => string.Join(',', group)));
}
