using System.Reflection;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Security;

namespace Dmkd.Grains.Tests.Security;

public sealed class AccessTableTests
{
    private static readonly CallerIdentity Node = new("node-1", AccessRole.Node),
        Operator = new("anna", AccessRole.Operator);

    public static TheoryData<string> Methods => [.. GrainCalls.All.Select(GrainCalls.NameOf)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void RuleOf_MethodOfAContract_HasARow(string name) =>
        Assert.True(
            AccessTable.RuleOf(GrainCalls.All.Single(method => GrainCalls.NameOf(method) == name)) is not null,
            $"{name} has no row in AccessTable, so no client may call it: add one"
        );

    [Fact]
    public void ProblemOf_MethodWithoutARow_IsRefused()
    {
        MethodInfo unknown = typeof(IManagementGrain)
            .GetMethods()
            .First(method => method.Name == nameof(IManagementGrain.ForceGarbageCollection));
        Assert.Null(AccessTable.RuleOf(unknown));
        Assert.Contains(
            "for the cluster's silos alone",
            AccessRules.ProblemOf(Operator, "IManagementGrain.ForceGarbageCollection", null, _ => null),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("library/node-1", true)]
    [InlineData("library/node-1@cuda", true)]
    [InlineData("node-1", true)]
    [InlineData("library/node-11", false)]
    [InlineData("library/node-2", false)]
    [InlineData("node-1/node-2", false)]
    public void ProblemOf_SubmissionOfANode_MustBeItsOwn(string nodeId, bool isAllowed)
    {
        var rule = AccessTable.RuleOf(
            typeof(IMergeCoordinatorGrain).GetMethod(nameof(IMergeCoordinatorGrain.SubmitAsync))!
        );
        string? problem = AccessRules.ProblemOf(Node, "submit", rule, _ => GrainCalls.Submission(nodeId));
        Assert.Equal(isAllowed, problem is null);
    }

    [Theory]
    [InlineData("library/node-1", true)]
    [InlineData("library/node-2", false)]
    public void ProblemOf_WithdrawalOfANode_MustBeItsOwn(string nodeId, bool isAllowed)
    {
        var rule = AccessTable.RuleOf(
            typeof(IMergeCoordinatorGrain).GetMethod(nameof(IMergeCoordinatorGrain.WithdrawAsync))!
        );
        object?[] arguments = ["run", 0, nodeId, "reason"];
        Assert.Equal(isAllowed, AccessRules.ProblemOf(Node, "withdraw", rule, i => arguments[i]) is null);
    }

    [Fact]
    public void ProblemOf_SubmissionOfNothing_IsRefused()
    {
        var rule = AccessTable.RuleOf(
            typeof(IMergeCoordinatorGrain).GetMethod(nameof(IMergeCoordinatorGrain.SubmitAsync))!
        );
        Assert.NotNull(AccessRules.ProblemOf(Node, "submit", rule, _ => null));
    }

    [Fact]
    public void ProblemOf_ReaderStartsARun_NamesTheRoleThatMay()
    {
        var rule = AccessTable.RuleOf(typeof(ITrainingRunGrain).GetMethod(nameof(ITrainingRunGrain.StartAsync))!);
        string? problem = AccessRules.ProblemOf(
            new CallerIdentity("bert", AccessRole.Reader),
            "ITrainingRunGrain.StartAsync",
            rule,
            _ => null
        );
        Assert.Equal("ITrainingRunGrain.StartAsync needs the role operator; reader bert may not call it", problem);
    }
}
