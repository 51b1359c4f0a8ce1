using System.Reflection;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Tests.Security;

/// <summary>Every method of every grain interface, found by reflection so that a new one cannot be forgotten.</summary>
internal static class GrainCalls
{
    public static IReadOnlyList<MethodInfo> All { get; } =
    [
        .. from type in typeof(ITrainingRunGrain).Assembly.GetTypes()
        where type.IsInterface && type.IsAssignableTo(typeof(IGrain))
        from method in type.GetMethods()
        where method.IsAbstract
        orderby type.Name, method.Name
        select method,
    ];

    public static string NameOf(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";

    /// <summary>Makes the call, with nothing in it.</summary>
    public static Task CallAsync(IGrainFactory grains, MethodInfo method, string node)
    {
        object grain = grains.GetGrain(method.DeclaringType!, "library/expert-1");
        object?[] arguments = [.. method.GetParameters().Select(parameter => ValueOf(parameter, node))];
        return (Task)method.Invoke(grain, arguments)!;
    }

    public static DeltaSubmission Submission(string node) =>
        new()
        {
            RunId = "run",
            Round = 0,
            NodeId = node,
            BaseVersion = 1,
            SampleCount = 1,
            Tensors = Examples.Submission().Tensors,
        };

    private static object? ValueOf(ParameterInfo parameter, string node) =>
        parameter.ParameterType == typeof(DeltaSubmission) ? Submission(node)
        : parameter.ParameterType == typeof(CancellationToken) ? CancellationToken.None
        : parameter.ParameterType == typeof(string) ? (parameter.Name == "nodeId" ? node : "run")
        : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType)
        : null;
}
