namespace Dmkd.Serving.Tests;

public sealed class LibraryRulesTests
{
    private static readonly InputTensor Images = new("pixels", "uint8", [2, 3, 32, 32], new byte[2 * 3 * 32 * 32]);

    [Fact]
    public void Check_WellFormed_Passes() => Images.Check();

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Check_NoInput_IsRefused(int count) =>
        Refused(Images with { Shape = [count, 3, 32, 32] }, "at least 1 input");

    [Fact]
    public void Check_BytesOfAnotherSize_NamesBothSizes() =>
        Refused(Images with { Content = new byte[5] }, "2 inputs of 3x32x32 need 6144 bytes, not 5");

    [Fact]
    public void Check_OtherType_IsRefused() => Refused(Images with { DataType = "float32" }, "of uint8, not 'float32'");

    [Fact]
    public void Relevant_OneModuleKnowsAClass_LeavesTheOthersOut()
    {
        var experts = LibraryRules.Relevant(
            Library(Member("a", 0, 1), Member("b", 2, 3)),
            Images,
            [
                [3],
            ]
        );
        Assert.Equal("b", Assert.Single(experts).Name);
    }

    [Fact]
    public void Relevant_NobodyKnowsAClass_NamesLibraryAndClasses()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            LibraryRules.Relevant(
                Library(Member("a", 0, 1)),
                Images,
                [
                    [9, 8],
                ]
            )
        );
        Assert.Contains("Library 'lib' has no module for the classes 8, 9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Relevant_InputsOfAnotherShape_NamesModuleAndShapes()
    {
        var grey = Images with { Shape = [1, 1, 32, 32], Content = new byte[32 * 32] };
        var error = Assert.Throws<ArgumentException>(() =>
            LibraryRules.Relevant(
                Library(Member("a", 0, 1)),
                grey,
                [
                    [0, 1],
                ]
            )
        );
        Assert.Contains("Module lib/a takes inputs of 3x32x32, not 1x32x32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Relevant_GateNetwork_IsNoExpert()
    {
        var experts = LibraryRules.Relevant(
            Library(Member("a", 0, 1), Gate("gate", 0, 1)),
            Images,
            [
                [0, 1],
            ]
        );
        Assert.Equal("a", Assert.Single(experts).Name);
    }

    [Fact]
    public void GateOf_LibraryWithAGateNetwork_FindsIt() =>
        Assert.Equal("gate", LibraryRules.GateOf(Library(Member("a", 0), Gate("gate", 0, 1), Member("b", 1))).Name);

    [Fact]
    public void GateOf_LibraryWithoutAGateNetwork_NamesTheLibrary() =>
        Assert.Contains(
            "Library 'lib' has no gate network",
            Assert.Throws<ArgumentException>(() => LibraryRules.GateOf(Library(Member("a", 0, 1)))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Input_ExpertsOfDifferentShapes_NamesBoth()
    {
        var library = Library(Member("a", 0), Member("b", 1) with { Architecture = "convnet(1x28x28;4-8;2)" });
        Assert.Contains(
            "a 3x32x32, b 1x28x28",
            Assert.Throws<ArgumentException>(() => library.Input).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void PlacesOf_ExpertThatCameLater_NamesIt()
    {
        var fitted = new FittedRouting(1, new RoutingPlan(), ["a"], "", 0, 0);
        Assert.Equal([0], LibraryRules.PlacesOf("lib", fitted, [Member("a", 0)]));
        var error = Assert.Throws<ArgumentException>(() =>
            LibraryRules.PlacesOf("lib", fitted, [Member("a", 0), Member("b", 1)])
        );
        Assert.Contains("fitted before b came", error.Message, StringComparison.Ordinal);
    }

    private static void Refused(InputTensor input, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(input.Check).Message, StringComparison.Ordinal);

    private static LibraryManifest Library(params LibraryMember[] members) => new("lib", members);

    private static LibraryMember Gate(string name, params int[] classes) =>
        Member(name, classes) with
        {
            Role = MemberRole.Gate,
        };

    private static LibraryMember Member(string name, params int[] classes) =>
        new()
        {
            Library = "lib",
            Name = name,
            Architecture = "convnet(3x32x32;4-8-8-8;8)",
            Classes = classes,
            ClassNames = [.. classes.Select(label => $"class {label}")],
            Digest = "sha256:base",
            Bytes = 10,
        };
}
