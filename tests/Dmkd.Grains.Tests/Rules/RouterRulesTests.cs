using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Grains.Routing;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RouterRulesTests
{
    [Fact]
    public void Check_WellFormed_Passes() => RouterRules.Check(Route());

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Check_NoImage_IsRefused(int count) => Refused(Route() with { Count = count }, "at least 1 image");

    [Fact]
    public void Check_PixelsOfAnotherSize_NamesBothSizes() => Refused(Route() with { Pixels = new byte[5] }, "need 6144 bytes, not 5");

    [Fact]
    public void Check_TooLarge_NamesTheLimit()
    {
        int count = RouteRequest.MaxPixelBytes / (3 * 32 * 32) + 1;
        Refused(Route() with { Count = count, Pixels = new byte[count * 3 * 32 * 32] }, "A batch may have 4194304 bytes");
    }

    [Fact]
    public void Check_NoCandidateSet_IsRefused() => Refused(Route() with { CandidateSets = [] }, "at least one set");

    [Fact]
    public void Relevant_OneModuleKnowsAClass_LeavesTheOthersOut()
    {
        var modules = RouterRules.Relevant([Module("a", 0, 1), Module("b", 2, 3)], Route() with { CandidateSets = [[3]] }, "lib");
        Assert.Equal("b", Assert.Single(modules).Descriptor.Name);
    }

    [Fact]
    public void Relevant_NobodyKnowsAClass_NamesLibraryAndClasses()
    {
        var error = Assert.Throws<ArgumentException>(() => RouterRules.Relevant([Module("a", 0, 1)], Route() with { CandidateSets = [[9, 8]] }, "lib"));
        Assert.Contains("Library 'lib' has no module for the classes 8, 9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Relevant_ImagesOfAnotherShape_NamesModuleAndShapes()
    {
        var request = Route() with { Count = 1, Channels = 1, Pixels = new byte[32 * 32] };
        var error = Assert.Throws<ArgumentException>(() => RouterRules.Relevant([Module("a", 0, 1)], request, "lib"));
        Assert.Contains("Module run/a takes images of 3x32x32, not 1x32x32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Relevant_GateNetwork_IsNoExpert()
    {
        var modules = RouterRules.Relevant([Module("a", 0, 1), Gate("gate", 0, 1)], Route(), "lib");
        Assert.Equal("a", Assert.Single(modules).Descriptor.Name);
    }

    [Fact]
    public void GateOf_LibraryWithAGateNetwork_FindsIt() =>
        Assert.Equal("gate", RouterRules.GateOf([Module("a", 0), Gate("gate", 0, 1), Module("b", 1)], "lib").Descriptor.Name);

    [Fact]
    public void GateOf_LibraryWithoutAGateNetwork_NamesTheLibrary() => Assert.Contains(
        "Library 'lib' has no gate network", Assert.Throws<ArgumentException>(() => RouterRules.GateOf([Module("a", 0, 1)], "lib")).Message, StringComparison.Ordinal);

    private static void Refused(RouteRequest request, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => RouterRules.Check(request)).Message, StringComparison.Ordinal);

    private static ModuleSnapshot Gate(string name, params int[] classes)
    {
        var module = Module(name, classes);
        return module with { Descriptor = module.Descriptor with { Role = ModuleRole.Gate } };
    }

    private static ModuleSnapshot Module(string name, params int[] classes) => new()
    {
        Descriptor = Descriptor(name: name) with { Classes = classes },
        Current = Version(),
    };
}
