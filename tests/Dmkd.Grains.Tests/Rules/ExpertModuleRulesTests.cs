using Dmkd.Contracts.Experts;
using Dmkd.Grains.Experts;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Rules;

public sealed class ExpertModuleRulesTests
{
    [Fact]
    public void Creates_NewModule_IsTrue() =>
        Assert.True(ExpertModuleRules.Creates(new ExpertModuleState(), Descriptor(), Version()));

    [Fact]
    public void Creates_SameFirstVersionAgain_IsFalse() =>
        Assert.False(ExpertModuleRules.Creates(Existing(), Descriptor(), Version(digest: "sha256:one")));

    [Fact]
    public void Creates_OtherFirstVersion_NamesBothDigests()
    {
        var error = Assert.Throws<InvalidOperationException>(() =>
            ExpertModuleRules.Creates(Existing(), Descriptor(), Version(digest: "sha256:else"))
        );
        Assert.Contains(
            "run/expert-1 exists with first version sha256:one; it cannot be created from sha256:else",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Extends_NextVersion_IsTrue() => Assert.True(Extends(Version(3, "sha256:three", "sha256:two")));

    [Fact]
    public void Extends_NewestVersionAgain_IsFalse() => Assert.False(Extends(Version(2, "sha256:two", "sha256:one")));

    [Fact]
    public void Extends_SameNumberOtherWeights_Throws() => Refused(Version(2, "sha256:other", "sha256:one"));

    [Fact]
    public void Extends_OlderVersionAgain_Throws() => Refused(Version(1, "sha256:one"));

    [Fact]
    public void Extends_Gap_Throws() => Refused(Version(4, "sha256:four", "sha256:two"));

    [Fact]
    public void Extends_OtherParent_Throws() => Refused(Version(3, "sha256:three", "sha256:one"));

    [Fact]
    public void Extends_ModuleDoesNotExist_SaysSo()
    {
        var error = Assert.Throws<InvalidOperationException>(() =>
            ExpertModuleRules.Extends(new ExpertModuleState(), ModuleKey, Version(2))
        );
        Assert.Contains("run/expert-1 does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Snapshot_NoModule_IsNull() => Assert.Null(ExpertModuleRules.Snapshot(new ExpertModuleState()));

    [Fact]
    public void Snapshot_SeveralVersions_ServesTheNewest() =>
        Assert.Equal("sha256:two", ExpertModuleRules.Snapshot(Existing())!.Current.Digest);

    private static bool Extends(ModuleVersion version) => ExpertModuleRules.Extends(Existing(), ModuleKey, version);

    private static void Refused(ModuleVersion version)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Extends(version));
        Assert.Contains("does not follow version 2 with digest sha256:two", error.Message, StringComparison.Ordinal);
    }

    private static ExpertModuleState Existing() =>
        new()
        {
            Descriptor = Descriptor(),
            Versions = [Version(1, "sha256:one"), Version(2, "sha256:two", "sha256:one")],
        };
}
