using System.Management.Automation;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;
using Qmtl.Strategies;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Commands;

/// <content>Whether the script that a strategy is made of can run where it is to run.</content>
public sealed partial class InvokeQmtlStrategyCommand
{
    private void RequireItsScript(Strategy strategy)
    {
        try
        {
            // On this thread, because a strategy may be script.
            ScriptHome.Of(strategy, $"The strategy of type {strategy.GetType().Name}").Require();
            RequireRunspace(strategy.Nodes);
            RequireNoneForJob(strategy);
        }
        catch (Exception exception) when (exception is not PipelineStoppedException)
        {
            ThrowTerminatingError(ErrorRecords.From(
                ErrorRecords.IsForOperator(exception)
                    ? exception
                    : new InvalidOperationException($"The strategy '{strategy.Name}' {ScriptFailure.Describe(exception)}.", exception),
                strategy));
        }
    }

    // Before anything is filled or submitted: what is script of another runspace would never have its turn.
    private static void RequireRunspace(IReadOnlyList<Node> nodes)
    {
        foreach (Node node in nodes)
        {
            (node as ScriptNode)?.RequireRunspace();
            ScriptHome.Of(node, $"The node '{node.Name}'").Require();
        }

        foreach (Recorder recorder in RecordersOf(nodes))
        {
            recorder.RequireRunspace();
        }
    }

    private void RequireNoneForJob(Strategy strategy)
    {
        try
        {
            if (IsForJob)
            {
                // As a job's thread would, which has no runspace.
                Task.Run(() => RequireRunspace(strategy.Nodes)).GetAwaiter().GetResult();
            }
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException(
                $"The strategy '{strategy.Name}' has script, which cannot run in the job of -AsJob. Start a job with a shell of its own "
                    + "(Start-ThreadJob), and make the nodes and recorders there.",
                exception);
        }
    }

    private static IEnumerable<Recorder> RecordersOf(IReadOnlyList<Node> nodes) =>
        nodes.OfType<StreamInput>().Select(stream => stream.EventService).OfType<EventRecorderService>().Distinct().Select(Recorder.Of);
}
